#include "domain/demo/texts.h"

const char *const demo_first_names[DEMO_FIRST_NAMES] = {"Amelia", "Noah", "Priya", "George", "Zainab", "Oliver", "Chloe", "Hamza", "Isla",
    "Marcus", "Grace", "Tomasz", "Freya", "Kwame", "Ella", "Rhys", "Leila", "Harry", "Aoife", "Daniel", "Maya", "Callum", "Ruth", "Idris",
    "Hannah", "Luca", "Sofia", "Euan", "Nadia", "Jack", "Eleanor", "Samir", "Poppy", "Owen", "Beatrice", "Yusuf", "Megan", "Arthur", "Lucy",
    "Adeel"};

const char *const demo_last_names[DEMO_LAST_NAMES] = {"Hughes", "Patel", "Whitaker", "Okafor", "Campbell", "Nowak", "Ashworth", "Rahman",
    "Penrose", "Doyle", "Bennett", "Kaur", "Thornton", "Mensah", "Fletcher", "Ali", "Morgan", "Sutcliffe", "Begum", "Harrison", "Osei", "Lindley",
    "Marsh", "Qureshi", "Fraser", "Holloway", "Silva", "Barlow", "Chowdhury", "Reid", "Tanner", "Hussain", "Pryce", "Walker", "Ibrahim", "Lowe",
    "Gallagher", "Stone", "Achebe", "Cartwright", "Murray", "Dhillon", "Wragg"};

const char *const demo_streets[DEMO_STREETS] = {"Leighton Road", "Torriano Avenue", "Falkland Road", "Lady Margaret Road", "Brecknock Road",
    "Caversham Road", "Gaisford Street", "Islip Street", "Patshull Road", "Bartholomew Road", "Shaw Heath", "Buxton Road", "Hempshaw Lane",
    "Greek Street", "Edgeley Road", "Bramhall Lane", "Nangreave Road", "Dialstone Lane", "Banks Lane", "Mile End Lane", "Cumberland Road",
    "Coronation Road", "Hotwell Road", "Anchor Road", "Redcliffe Parade", "Welsh Back", "Park Row", "Jacobs Wells Road", "Clifton Vale",
    "Ambra Vale", "Dowry Square", "Granby Hill"};

const struct demo_repair demo_repairs[DEMO_REPAIRS] = {
    {1, "Kitchen tap will not shut off", "The hot tap drips steadily even when closed hard. Bucket in place. Isolation valve under the sink is stiff."},
    {3, "Boiler loses pressure overnight", "Pressure falls from 1.5 to 0.4 bar by morning. No visible leak at the radiators. Error F22 on the display."},
    {2, "Sockets in the back bedroom are dead", "The whole ring in the back bedroom tripped and the breaker will not reset. Tenant uses an extension from the hall."},
    {7, "Roof leak above the landing", "Water stain of about 40 cm on the landing ceiling after Sunday's rain. Two tiles look slipped from the street."},
    {4, "Bedroom window does not close", "The sash sticks two centimetres open. Cold, and a security concern on the ground floor."},
    {8, "Lock of the front door is failing", "The key turns only with force. Tenant worries about being locked out."},
    {9, "Black mould in the bathroom corner", "Mould has come back behind the door. The extractor fan hums but does not pull. Child with asthma in the home."},
    {5, "Annual gas safety check due", "The current record ends next month. Meter in the hall cupboard, one boiler, one hob."},
    {6, "EICR before the new tenancy", "Report needed before keys are handed over. Consumer unit under the stairs."},
    {1, "Toilet cistern keeps filling", "Water runs into the pan all the time. The float valve was replaced last year."},
    {3, "No heating in two rooms", "Radiators upstairs stay cold while those downstairs are hot. Bled by the tenant without change."},
    {4, "Loose banister on the stairs", "The newel post moves when leaned on. Elderly tenant in the home."},
    {2, "Hall light flickers and buzzes", "Started after the bulb was changed. Smell of warm plastic reported once; tenant told to leave it off."},
    {7, "Gutter overflows at the rear", "Gutter is blocked and spills down the kitchen wall. Moss visible from the garden."},
    {1, "Slow drain in the shower", "Water stands ankle deep after five minutes. Drain cleaner made no difference."},
    {4, "Fence panel blown down", "One panel between numbers 12 and 14 is down after the storm. Neighbour has a dog."},
};

const char *const demo_notes[DEMO_NOTES] = {
    "Spoke with the tenant: any weekday after 16:00 suits. Please ring ten minutes before.",
    "Contractor confirmed the visit and asked for parking; visitor permit is with the office.",
    "Landlord agreed to the repair up to the budget. Anything above needs a new quote.",
    "Part is on order and due within three working days.",
    "Tenant called again: the problem is worse in the evening.",
    "Access was not possible on the first visit; a card was left.",
    "Keys are in the safe at the branch, tag 114.",
    "Work checked by telephone with the tenant, who is content.",
};
