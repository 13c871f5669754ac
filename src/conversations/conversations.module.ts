import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Conversation } from './conversation.entity.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CopiesController } from './copies.controller.js';
import { ExportService } from './export.service.js';
import { ForksService } from './forks.service.js';
import { Message } from './message.entity.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Conversation, Message])],
  controllers: [ConversationsController, MessagesController, CopiesController],
  providers: [
    ConversationsRepository,
    ConversationsService,
    ExportService,
    ForksService,
    MessagesRepository,
    MessagesService,
  ],
  exports: [ConversationsService, MessagesService],
})
export class ConversationsModule {}
