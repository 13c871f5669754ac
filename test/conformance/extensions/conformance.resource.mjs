// The resources that the official conformance suite reads.
import { PNG } from './shared.mjs';

export default [
  {
    uri: 'test://static-text',
    name: 'static-text',
    description: 'A text',
    mimeType: 'text/plain',
    read: () => ({ text: 'This is the content of the static text resource.' }),
  },
  {
    uri: 'test://static-binary',
    name: 'static-binary',
    description: 'An image',
    mimeType: 'image/png',
    read: () => ({ blob: PNG }),
  },
  {
    uri: 'test://watched-resource',
    name: 'watched-resource',
    description: 'A resource to subscribe to',
    mimeType: 'text/plain',
    read: () => ({ text: 'watched' }),
  },
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'A resource with a variable',
    mimeType: 'application/json',
    read: (_uri, { id }) => ({
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    }),
  },
];
