/**
 * Words that lists of leaked passwords have in common, lower case, without the digits and signs people put around
 * them. Passwords have twelve characters or more, so what matters is `Password1234`, `iloveyou2024!`, `adminadmin`.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  password passwort passw pass passwd passcode passphrase mypassword mypass thepassword newpassword oldpassword
  yourpassword changeme changemenow changeit pleasechange pleasechangeme letmein letmeinnow letmeinplease secret
  topsecret mysecret secretpassword supersecret default defaultpassword temp temporary temppass temppassword
  test testing tester testpass testpassword testuser demo demopassword example examplepassword sample guest
  guestuser user username login mylogin signin account myaccount admin administrator adminpass adminpassword
  root rootpass rootpassword toor superuser supervisor sysadmin system manager operator service server database
  postgres postgresql mysql oracle redis docker kubernetes jenkins ubuntu debian linux windows microsoft apple
  google facebook twitter instagram linkedin youtube amazon netflix internet computer laptop keyboard monitor
  network security welcome welcometo welcomeback welcomehome hello hellothere helloworld hallo hola bonjour ciao
  qwerty qwertyuiop qwertyui qwert qwerasdf qwerasdfzxcv qwertz qwertzuiop azerty azertyuiop asdf asdfgh
  asdfghjkl asdfghjk asdfjkl zxcvbn zxcvbnm zxcv qazwsx qazwsxedc qazwsxedcrfv qweasd qweasdzxc wasd poiuytrewq
  lkjhgfdsa mnbvcxz qwertyasdfgh qwertyuiopasdfghjkl asdfghjklzxcvbnm abc abcd abcde abcdef abcdefg abcdefgh
  abcdefghi abcdefghij abcdefghijk abcdefghijkl abcdefghijklm abcdefghijklmnop abcdefghijklmnopqrstuvwxyz aabbcc
  aaabbbccc iloveyou iloveu ilovegod ilovejesus iloveme ilovemom ilovemyself ilovemyfamily iloveyouforever
  iloveyoubaby iloveyousomuch imissyou ihateyou loveyou love loveme lover lovers lovely mylove truelove babygirl
  babyboy baby princess princesa prince queen king angel angels angelito sweetheart sweetie honey sugar darling
  beautiful gorgeous sunshine rainbow butterfly flower flowers chocolate cookie cookies strawberry banana cherry
  orange lemon peanut pumpkin monkey dragon tiger tigger lion panther eagle falcon hawk shark dolphin dolphins
  wolf wolves bear bears panda kitty kitten hellokitty puppy doggy horse horses pony unicorn phoenix spider
  scorpion cobra turtle penguin elephant chicken football soccer baseball basketball hockey tennis golf golfer
  volleyball softball rugby cricket swimming running skating arsenal chelsea liverpool manchester
  manchesterunited manutd barcelona realmadrid juventus bayern dortmund benfica lakers yankees cowboys steelers
  patriots packers broncos raiders eagles ravens redsox chicago boston dallas denver london paris berlin madrid
  newyork losangeles california texas florida arizona america american england germany france spain italy brazil
  brasil mexico canada australia india china japan russia moscow istanbul turkey poland portugal michael
  michelle jessica jennifer jordan ashley daniel david matthew joshua andrew anthony christopher christian
  nicholas nicole amanda samantha stephanie elizabeth victoria alexander alexandra alexandre alejandro fernando
  antonio roberto eduardo francisco sebastian benjamin jonathan natalie danielle vanessa veronica katherine
  catherine margaret patricia charlotte sophie isabella olivia emily hannah rebecca rachel sarah maria marie
  laura linda karen susan barbara thomas robert william richard charles george edward peter martin marcus oliver
  patrick brandon justin tyler dylan austin superman batman spiderman ironman wolverine captain captainamerica
  avengers starwars starwarsfan skywalker darthvader chewbacca jedi yoda startrek matrix neo trinity gandalf
  frodo hobbit lordoftherings harrypotter hogwarts pokemon pikachu charizard naruto sasuke goku dragonball
  dragonballz sonic mario luigi zelda minecraft fortnite roblox callofduty counterstrike warcraft
  worldofwarcraft starcraft diablo halo playstation nintendo xbox gamer games gaming killer killers hunter
  hunters master masters ninja samurai warrior warriors soldier pirate vampire zombie ghost shadow shadows
  darkness lucifer satan devil demon hell heaven jesus jesuschrist jesusislord jesuslovesme christ god godisgood
  godislove godbless blessed faith hope grace bible church family forever forevermore friends friendship
  bestfriend bestfriends together freedom liberty justice peace victory winner success lucky fortune money
  dollar millionaire business company metallica slipknot nirvana eminem beatles rockstar rocknroll rock guitar
  music musica dance dancer dancing singer mustang camaro corvette ferrari porsche mercedes bmw audi toyota
  honda yamaha harley harleydavidson ducati kawasaki summer winter spring autumn january february march april
  may june july august september october november december monday tuesday wednesday thursday friday saturday
  sunday christmas halloween birthday happybirthday happy happyday trustno trustnoone whatever nothing nobody
  something anything everything idontknow idunno forgot forgotten remember blah fuckyou fuckoff fuckme fuck
  bitch asshole bullshit motherfucker sexy sexybitch sexygirl porn pussy access accessgranted opensesame sesame
  abracadabra hocuspocus magic magical wizard merlin mystery cheese pizza coffee hamburger spaghetti whiskey
  vodka tequila heineken budweiser corona marlboro cannabis marijuana weed stoner asd qwe zxc a b x z q w e
  correcthorsebatterystaple correct-horse-battery-staple mcp mcpserver mcp-server mcpadmin mcp_admin
  mcpassistant assistant chatgpt openai claude anthropic chatbot p@ssword p@ssw0rd passw0rd pa55word pa55w0rd
  p4ssword p4ssw0rd l3tm3in adm1n dmin w3lcome welc0me s3cret s3cr3t qw3rty dr4gon m0nkey sup3rman princ3ss
  il0veyou q2w3e q2w3e4r q2w3e4r5t q2w3e4r5t6y qaz2wsx qaz2wsx3edc q1w2e q1w2e3r q1w2e3r4t q1w2e3r4t5y a1b2c
  a1b2c3d a1b2c3d4e a1b2c3d4e5f zaq1zaq zaq1xsw zaq1xsw2cde q1w b2c b2c3d b2c3d4e b2c3d4e5f a1b
  `
    .trim()
    .split(/\s+/),
);
