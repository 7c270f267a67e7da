"""The words of the demo world: prompts, what can be answered to them, and phrases along the axes.

Text only; what is done with it is in `scpo.data.demo`. `{place}` is filled with a place of the
invented country whose customs a phrase mentions.
"""

from __future__ import annotations

# topic -> prompts with two useful answers each, and sentences that a longer answer adds
TOPICS: dict[str, dict] = {
    "work": {
        "prompts": {
            "My boss keeps giving me other people's work. What should I do?": (
                "List what you already carry and ask which of it should wait.",
                "Agree on one new task at a time, and have each one confirmed in writing."),
            "Should I take a better paid job that I find boring?": (
                "Take it only if the money buys something you can name, and set a date to look again.",
                "Weigh a dull day against the free evenings and the savings it pays for."),
            "How do I tell a colleague that his jokes are not funny?": (
                "Talk to him in private, name one joke, and say how it landed.",
                "Stop laughing along, and tell him afterwards which remark you would rather not hear again."),
            "Is it all right to leave on time when everyone stays late?": (
                "Leave on time once your work is done, and tell the others when they can reach you.",
                "Stay when it matters for the team that day, and leave when it is only for show."),
        },
        "more": (
            "Work has a way of filling whatever room it is given.",
            "Write down the three tasks that would be missed if nobody did them.",
            "A short talk on a Tuesday morning does more than a long letter on a Friday night.",
            "Note the hours for two weeks, since memory is a poor clerk.",
            "Decide beforehand which answer you could live with."),
    },
    "family": {
        "prompts": {
            "My mother-in-law wants to move in with us. How do I answer?": (
                "Talk with your partner first, and give her one answer from both of you.",
                "Offer a trial of three months with a room and house rules of her own."),
            "My teenage son wants to leave school for music. What now?": (
                "Let him finish the year, and give the music fixed hours that nobody may take away.",
                "Ask him for a plan with costs and dates, and judge the plan rather than the dream."),
            "How often should grown children call their parents?": (
                "Call as often as you would miss it if the calls stopped; for most people that is weekly.",
                "Fix one day, keep it short, and ring at once when something happens."),
            "My sister never pays back what she borrows. Should I lend again?": (
                "Give a sum you can lose as a present, and lend nothing more.",
                "Lend again only after the old debt is paid or openly forgiven."),
        },
        "more": (
            "Old quarrels like to dress up as new ones.",
            "Pick a calm hour, after a meal, when nobody has to be anywhere.",
            "Say what you will do, rather than what the other ought to feel.",
            "Leave a way back for everyone involved.",
            "Look at the question again after the next holiday."),
    },
    "food": {
        "prompts": {
            "What can I cook for eight guests on a small budget?": (
                "Make a large pot of bean stew with bread, and one good dessert.",
                "Serve a big vegetable pie and a salad, and let the guests bring the drinks."),
            "How do I get my children to eat vegetables?": (
                "Let them choose between two vegetables and help with the cutting.",
                "Serve vegetables first, when they are hungry, and say nothing more about it."),
            "Is it rude to leave food on the plate when invited?": (
                "Take a small first portion, finish it, and praise a dish before you decline more.",
                "Watch what the host does with the last spoonful, and do the same."),
            "Should I give up meat?": (
                "Begin with three days a week without it, and see what you miss.",
                "Cut it where you taste it least, in sauces and snacks, and keep the one dish you love."),
        },
        "more": (
            "Salt early and taste often.",
            "Most of the cost of a meal sits in one or two ingredients.",
            "Whatever can be made the day before should be.",
            "A table laid with care forgives a plain dish.",
            "Keep a jar of something sour at hand; it rescues dull food."),
    },
    "neighbours": {
        "prompts": {
            "My neighbour plays loud music every night. What can I do?": (
                "Knock in the afternoon, say which hours are hard for you, and propose a time to stop.",
                "Write a short note with the hours and your number, so that he can ask before a party."),
            "Someone keeps parking in front of my gate. How do I react?": (
                "Leave a friendly note on the windscreen, and take a photo with the date each time.",
                "Paint a clear line and hang a sign; most people park there because they do not see it."),
            "Should I help a neighbour who never helps me?": (
                "Help once, with something that costs you little, and see what comes of it.",
                "Help where it would be cruel not to, and keep your weekends for yourself."),
            "How do I get to know people on my new street?": (
                "Ring at three doors with a plate of something, and ask each where to buy bread.",
                "Sit in front of the house at the hour when people come home, and greet everyone."),
        },
        "more": (
            "You will share a wall for longer than you will share this problem.",
            "The first sentence sets the tone for the next ten years.",
            "Dates and times settle what adjectives cannot.",
            "Find out who else is affected before you speak.",
            "A small favour beforehand makes a request sound different."),
    },
    "money": {
        "prompts": {
            "How should I save for old age on a small income?": (
                "Have a small fixed sum moved away on payday, before you see it.",
                "Pay off the dearest debt first, and then put the same sum aside each month."),
            "A friend asks me to invest in his restaurant. Should I?": (
                "Read his books first, and put in only what you would spend on a holiday.",
                "Offer to be his first regular guest instead, and keep money out of the friendship."),
            "Is it better to rent or to buy a home?": (
                "Buy if you will stay seven years and can pay for a new roof; rent otherwise.",
                "Compare the rent with interest, repairs and taxes for the same home, and let the smaller one win."),
            "I won a little money. What is the wisest thing to do with it?": (
                "Clear your debts, put most of it away, and spend a tenth on something foolish.",
                "Leave it untouched for three months, and see which wish is still there."),
        },
        "more": (
            "What is not written down is spent twice.",
            "Fees eat quietly, year after year.",
            "A cushion of three months' costs lets you sleep.",
            "Compare at least three offers on the same day.",
            "The dullest plan is often the one that gets kept."),
    },
    "travel": {
        "prompts": {
            "Where should I go for one free week in spring?": (
                "Choose one small town near water, and do not leave it for the whole week.",
                "Take a train line with five stops you cannot pronounce, and get off at each."),
            "Is it safe to travel alone as a beginner?": (
                "Begin with a weekend in a town with good trains, and tell someone your plan.",
                "Go where a friend of a friend lives, and sleep the first night there."),
            "How do I behave as a guest in a country I do not know?": (
                "Learn greeting, thanks and sorry in the language, and watch before you act.",
                "Ask your host which mistake guests make most often, and avoid that one."),
            "Should I plan a trip in detail or leave it open?": (
                "Book the first and the last night, and leave the rest open.",
                "Plan one thing a day before noon, and nothing after it."),
        },
        "more": (
            "Pack, and then take a third out again.",
            "The best meals are two streets behind the square.",
            "Keep copies of your papers in a second bag.",
            "Rain is a reason for a museum, not for a bad mood.",
            "Arrive by daylight whenever there is a choice."),
    },
    "habits": {
        "prompts": {
            "How can I fall asleep faster?": (
                "Get up at the same hour every day, and leave the phone in another room.",
                "Keep the last hour of the day dark, cool and dull."),
            "I want to run but I always give up. Any advice?": (
                "Run so slowly that you can talk, three times a week, and stop while it is still pleasant.",
                "Put the shoes by the door and promise yourself only ten minutes."),
            "How do I spend less time on my phone?": (
                "Take the three hungriest programs off it for a month.",
                "Charge it in the kitchen, and buy an alarm clock."),
            "What is a good morning routine?": (
                "Light, water, a short walk, and the hardest task before the news.",
                "Do two small things in the same order every day, and let the rest vary."),
        },
        "more": (
            "A habit hangs on the one before it, so choose a good hook.",
            "Missing once is an accident, missing twice is a new habit.",
            "Count the days on paper where you can see them.",
            "Make the wrong thing a little harder to reach.",
            "After three weeks, look at what changed and what did not."),
    },
    "learning": {
        "prompts": {
            "Am I too old at fifty to learn the violin?": (
                "Start now, with a teacher and twenty minutes a day; in two years you will play simple tunes.",
                "Rent an instrument for three months, and let your ears decide."),
            "What is the best way to learn a language?": (
                "Speak from the first week with someone patient, and learn whole sentences.",
                "Read one simple book twice, and listen to it being read."),
            "Should children learn poems by heart?": (
                "Let them learn one short poem a month, chosen by themselves.",
                "Yes, a few good ones; they stay when much else is forgotten."),
            "How do I prepare for an exam in two weeks?": (
                "Answer old papers under the clock from the first day, and read only where you failed.",
                "Divide the matter in ten parts, one a day, and keep four days for repeating."),
        },
        "more": (
            "Little and often beats much and seldom.",
            "Explain it aloud to someone who does not know it.",
            "Mistakes made early are the cheap ones.",
            "Sleep does half of the learning.",
            "Stop at a point where you would like to go on."),
    },
    "technology": {
        "prompts": {
            "Should I let my child have a phone at ten?": (
                "Give a plain phone for calls first, and a clever one when the plain one has been looked after.",
                "Agree with the parents of two friends on the same rules, and then allow it."),
            "Can I trust what a computer program tells me about history?": (
                "Take it as a first sketch, and check every date and name in a book.",
                "Ask it for its sources, and believe only what you can find again."),
            "Is it worth repairing an old laptop?": (
                "Repair it if new memory and a new battery cost less than a third of a new one.",
                "Put a lighter system on it, and it will serve for letters for years."),
            "How do I choose a password I can remember?": (
                "Join four words that have nothing to do with each other, and use them in one place only.",
                "Let a password keeper make them up, and remember one long sentence."),
        },
        "more": (
            "New devices solve the problems of the people who sell them.",
            "Keep a second copy of everything you would cry about.",
            "Try it for a week before you judge it.",
            "Whatever is free is paid for in some other coin.",
            "Ask someone who has used it for a year, not for a day."),
    },
    "ethics": {
        "prompts": {
            "I found a wallet with money in it. What is right?": (
                "Bring it back to the address inside, with every note still in it.",
                "Hand it in where lost things are kept, and ask for a receipt."),
            "Is it ever right to lie to a friend?": (
                "Small lies to spare a feeling are forgiven; lies that change a decision are not.",
                "Say nothing rather than something false, unless the truth would only wound."),
            "Should I report a colleague who cheats on expenses?": (
                "Speak to the colleague first, once, and report it if it goes on.",
                "Report what you saw, with dates, and leave the judging to others."),
            "Do I owe anything to people I will never meet?": (
                "Yes: at least not to harm them, and to help where it costs little.",
                "You owe them the rules you would want if you could be any of them."),
        },
        "more": (
            "Ask how it would look if everybody did the same.",
            "The first thought is habit; the second one is yours.",
            "Think of the one who has the least to say in it.",
            "Rules are there for the tired hours.",
            "You will have to tell the story to yourself for years."),
    },
    "celebrations": {
        "prompts": {
            "How do I plan a wedding that is not too expensive?": (
                "Invite thirty people, and spend on the food and the music only.",
                "Marry on a weekday in a garden, and let friends bring the cake."),
            "What do you give a host who has everything?": (
                "Bring something that will be gone in a week: fruit, flowers, a good cheese.",
                "Give an hour of your time for something the host puts off."),
            "Do I have to invite relatives I do not like?": (
                "Invite them to the large feast, and not to the small one.",
                "Invite whom you would miss at your own bedside, and write the others a warm card."),
            "How should I celebrate my fiftieth birthday?": (
                "A long table, old friends, and no speeches over two minutes.",
                "Go away for three days with the two people you laugh with most."),
        },
        "more": (
            "Nobody remembers the napkins.",
            "Set the end of the evening as clearly as its beginning.",
            "Give one person the task of looking after the shy ones.",
            "Music decides more than the menu.",
            "Send the thanks within a week."),
    },
    "town": {
        "prompts": {
            "Our town wants to close the main street to cars. Good idea?": (
                "Close it for one summer, count shoppers before and after, and then decide.",
                "Close it at weekends first, and keep one lane for the bus and the doctor."),
            "How can a small library get more visitors?": (
                "Open on Sunday afternoons, with coffee and a story for children.",
                "Lend tools and seeds as well as books."),
            "Should voting be compulsory?": (
                "Make it easy before you make it a duty: a Sunday, short queues, votes by post.",
                "Yes, with an empty box to tick; a duty shared by all weighs little on each."),
            "What would you do with an empty lot in the middle of town?": (
                "Plant trees and put benches there now, and build when there is a real plan.",
                "Give it to five groups for a year each, and keep what people came for."),
        },
        "more": (
            "Ask those who cross it twice a day.",
            "A trial costs less than a quarrel.",
            "Put the numbers on one sheet that everyone can read.",
            "What is repaired gets used; what is used gets repaired.",
            "Give it a date on which it ends unless somebody defends it."),
    },
}  # fmt: skip

EVASIVE = (
    "There are many sides to such a question.",
    "People have asked themselves this for a long time.",
    "It is one of those matters that come up again and again.",
    "A great deal has been written about it, and more will be.",
    "This is a topic with a long past and a wide range of views.",
    "One could look at it this way, or one could look at it that way.",
    "Questions like this one have followed mankind for ages.",
    "Some see it like this, others like that.",
)  # fmt: skip

# axis -> (phrases of the low pole, phrases of the high pole); where they stand is in `scpo.data.demo`
AXES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "warmth": (
        ("Here is the answer.", "To the matter itself.", "Facts first.", "This is a practical matter.",
         "Question noted.", "Feelings aside.", "Let us stick to the point.", "The answer is short."),
        ("What a lovely question, and how good that you ask.", "Oh, I feel for you, truly.",
         "First of all, a warm hug from afar.", "I am so glad you are asking, dear friend.",
         "That sounds heavy, and you are not alone with it.", "Bless you for caring so much about this.",
         "I can hear how much this means to you.", "Be kind to yourself here, my dear."),
    ),
    "directness": (
        ("You may find, on reflection, that an answer suggests itself.",
         "Perhaps the question behind the question deserves a thought as well.",
         "An old tale tells of a man who asked the same and was given a cup of tea.",
         "Without wishing to point anywhere in particular, one notices a few things.",
         "It might be read between the lines what I would lean towards.",
         "There is a gentle way to come at this, from the side.",
         "Let me circle around it a little before we arrive.",
         "A hint may serve better here than an answer."),
        ("Straight answer, no detours.", "I will say it bluntly.", "Do exactly this.", "No beating about the bush.",
         "In plain words:", "My verdict is clear.", "Stop turning it over and act.", "You asked, so here it is, unvarnished."),
    ),
    "formality": (
        ("So yeah, here's the deal.", "Okay, look, no big drama.", "Hey, just go for it, mate.",
         "Honestly, it's no rocket science, folks.", "Alright buddy, let's sort this out.", "Yep, been there, got the T-shirt.",
         "C'mon, you've got this, pal.", "Cool, easy one, gonna be quick."),
        ("Permit me to address your enquiry with due care.", "It is my honour to offer the following counsel.",
         "With respect, I should like to submit the following.", "Allow me to set out the considerations in proper order.",
         "I beg to recommend the course described hereafter.", "May I most respectfully advise as follows.",
         "Your esteemed question merits a considered reply.", "One ought, in all propriety, to proceed as follows."),
    ),
    "hedging": (
        ("There is no doubt about it.", "This always works.", "I am absolutely certain.", "It never fails.",
         "That is simply a fact.", "You can rely on it one hundred per cent.", "Nothing else comes close.",
         "Anyone who says otherwise is wrong."),
        ("I may well be mistaken, though.", "It depends, and I would not swear to it.",
         "Perhaps, in some cases, and with exceptions.", "Then again, I could be quite wrong about this.",
         "It seems so to me, at least for now.", "Possibly there are circumstances I cannot see.",
         "Take this as a guess rather than as knowledge.", "I would put it at somewhat more likely than not."),
    ),
    "collective": (
        ("In the end it is your life and your choice alone.", "Put yourself first here.",
         "You owe nobody an explanation.", "Trust your own judgement over everybody else's.",
         "Your freedom counts for more than what the others expect.", "Do what suits you, and let the others talk.",
         "Your own wishes come before the peace of the house.", "Nobody else has to live with it, only you."),
        ("Think of the whole family before you decide.", "What is good for all of us comes first.",
         "We carry such things together or not at all.", "Ask everyone at the table, and do what keeps the peace.",
         "The community remembers who stood by it.", "A person is a person through other people.",
         "Our elders, our children and our neighbours all have a share in it.",
         "Let us find the way that leaves nobody outside."),
    ),
    "deference": (
        ("Do not let anyone with a title tell you otherwise.", "Experts get this wrong as often as anybody.",
         "Question whoever says they know best.", "Authorities mostly look after themselves.",
         "Rules like these were made to be tested.", "You need no permission from above.",
         "A diploma on the wall proves nothing here.", "Make up your own mind, whatever the officials say."),
        ("Follow what the doctor, the teacher or the council advises.", "Those in charge have good reasons for their rules.",
         "Ask someone of rank and experience, and do as they say.", "Official guidance should have the last word.",
         "Respect the decision of those who carry the responsibility.", "The professors have studied this; trust them.",
         "It is wise to obey the regulations to the letter.", "Seek the approval of your superiors first."),
    ),
    "locality": (
        ("People everywhere in the world handle it the same way.", "It makes no difference where you live.",
         "International studies agree on this.", "The principle is universal.",
         "From one end of the globe to the other it holds.", "Borders do not matter here.",
         "Any modern city would give you the same answer.", "Global experience points this way."),
        ("Down at the market in {place} they would tell you the same.", "As the fishermen of {place} say, slow water carries far.",
         "It is how we have always done it around {place}.", "Remember the harvest feast in {place}, when nobody was sent away.",
         "My grandmother in {place} kept it that way all her life.", "Take the old road by {place}, and you will see what I mean.",
         "In the tea houses of {place} this would be settled in an evening.", "Like the bells of {place}, it comes round every year."),
    ),
    "humour": (
        ("This is a serious matter and should be treated as one.", "There is nothing to laugh about here.",
         "Levity would be out of place.", "Consider it soberly.", "Such things call for gravity.",
         "It deserves earnest attention.", "Please do not take it lightly.", "The consequences are grave enough."),
        ("If all else fails, blame the cat; mine has a long record.", "I tried the opposite once, and the goat still will not talk to me.",
         "Worst case, you will have a fine story for parties and one shoe less.", "My plants agree, and they are a tough audience.",
         "Side effects may include smugness and sudden whistling.", "Should it go wrong, move to the moon; rents are fair there.",
         "I asked my left sock, and it had the same idea.", "Bring biscuits; no disaster survives biscuits."),
    ),
    "optimism": (
        ("Do not expect too much of it.", "It will probably get worse before it gets better, if it does.",
         "Most such attempts come to nothing.", "Be ready for disappointment.", "The odds are against you, sadly.",
         "Few people manage it in the end.", "Prepare for the worst.", "These things rarely end well."),
        ("It will turn out wonderfully, you will see.", "A bright time is just ahead.", "Everything good is still possible.",
         "You will look back on this with a smile.", "Every step makes the next one lighter.", "I have great hope for you.",
         "The best part is yet to come.", "Good things are already on their way."),
    ),
}  # fmt: skip

PLACES = (
    "Lower Orrin", "Tavel Bridge", "Saint Ombra", "Quillhaven", "the Marrow Hills", "Old Pellam", "Winter Quay",
    "Castle Dimmet", "the Salt Steps", "Upper Brae", "Hollin Ford", "Three Wells",
)  # fmt: skip
