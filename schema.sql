-- The whole store, in reading order: people, mail that came, tickets, mail that goes, counters.
-- Times are text in UTC, 2026-11-22T09:30:00Z. Addresses that are compared are folded: lower case, the
-- domain as A-label. The engine puts these types into its database's own and adds the search index.

-- People --------------------------------------------------------------------------------------------

create table client (
  id integer primary key,
  name text not null,
  email text not null,                    -- the primary address, as it is written
  organization text,
  note text not null default '',
  created_at text not null
);

-- Every address by which a client is known; the primary one too.
create table client_address (
  address text primary key,               -- folded
  client_id integer not null references client (id),
  shown text not null,                    -- as it is written
  bounce_score real not null default 0,   -- hard bounces count 1, soft ones 0.5, at most once a day
  bounced_at text,
  added_at text not null
);
create index client_address_client on client_address (client_id);

create table staff (
  id integer primary key,
  login text not null unique,
  name text not null,
  email text not null,
  role text not null default 'staff',     -- staff | admin
  created_at text not null,
  retired_at text,
  level integer not null default 1,       -- of support: 1, 2, 3
  away_from text,                         -- days, 2026-12-24, the last one included
  away_to text,
  deputy text,                            -- a login: who hears meanwhile
  notices text not null default '',       -- what they want to hear of and when: daily, noted=off; '' is at once
  every_ticket integer not null default 0, -- 1: an admin who hears of every ticket
  pager text not null default ''          -- where pages go; '' for the address
);

create table staff_address (
  address text primary key,               -- folded
  staff_id integer not null references staff (id)
);
create index staff_address_staff on staff_address (staff_id);

create table staff_department (
  staff_id integer not null references staff (id),
  department text not null,
  primary key (staff_id, department)
);
create index staff_department_department on staff_department (department);

-- Addresses and whole domains from which nothing is taken in.
create table block (
  pattern text primary key,               -- folded: someone@example.com, or example.com with what is below it
  blocked_at text not null,
  blocked_by text not null
);

-- Mail that came --------------------------------------------------------------------------------------

-- Bytes kept once, by their digest: raw messages, and files that staff attach.
create table blob (
  sha256 text primary key,                -- hexadecimal, of the bytes before compression
  size integer not null,
  codec text not null,                    -- zstd | none
  data blob not null
);

-- What is remembered of a mailbox from run to run.
create table mailbox (
  name text primary key,
  first_fetch_at text not null,
  memory text not null default '',        -- the source's own notes; they only save work
  succeeded_at text,
  failed_at text,                         -- of the present row of failures; null while all is well
  failures integer not null default 0,
  error text not null default ''
);

-- Every message ever fetched and what became of it.
create table inbox (
  id integer primary key,
  mailbox text not null,
  source_key text not null,               -- its identity inside the mailbox
  arrived_at text not null,
  kept_at text not null,
  sha256 text not null,                   -- of its bytes as they came: blob.sha256
  core text,                              -- digest without trace headers; null until settled
  size integer not null,
  is_whole integer not null default 1,    -- 0: header and first 64 kB, the rest is on the server
  is_imported integer not null default 0,
  envelope_sender text,
  envelope_recipients text not null default '',   -- one a line
  attempts integer not null default 0,    -- counted before each attempt to read it
  outcome text not null default 'pending',
  reason text not null default '',        -- the name of the rule that won
  ticket integer,
  duplicate_of integer,
  message_id text not null default '',
  from_address text not null default '',
  from_name text not null default '',
  subject text not null default '',
  note text not null default '',
  department text not null default '',    -- for which it came, once settled; '' where nothing says so
  settled_at text,
  unique (mailbox, source_key)
);
create index inbox_sha256 on inbox (sha256);
create index inbox_core on inbox (core);
create index inbox_attention on inbox (outcome, id);
create index inbox_ticket on inbox (ticket);

-- Tickets ---------------------------------------------------------------------------------------------

create table ticket (
  number integer primary key,
  subject text not null,
  stage text not null,
  state text not null,                    -- open | waiting | closed
  is_active integer not null,             -- 1 where open or waiting
  priority text not null,
  department text not null,
  category text,
  channel text not null,                  -- email | phone | web | other
  client_id integer references client (id),
  assignee text,
  created_at text not null,
  updated_at text not null,
  closed_at text,
  due_at text,
  unanswered_since text,
  merged_into integer references ticket (number),
  message_count integer not null default 0,
  type text,
  is_private integer not null default 0,  -- 1: only its assignee and admins see it
  level integer not null default 1,       -- of support: 1, 2, 3
  is_idle integer not null default 0,     -- 1: it waits because nobody did anything, not for its client
  stage_since text,                       -- when it came into its stage
  touched_at text,                        -- the last word or deed of a person
  client_word_at text,                    -- the last public word of a client
  staff_word_at text,                     -- the last public word of staff
  answered_at text,                       -- the first one
  reminded_at text,                       -- when the client was reminded, for this wait
  sla text,                               -- the service level that holds
  rating integer,                         -- 1 to 5, as the client answered the survey last
  waits_until text,                       -- when it comes back by itself, where somebody put it off
  waits_from text                         -- the stage in which it was then
);
-- Lists and counts are answered from these two alone: what filters look at is in them.
create index ticket_active on ticket (
  updated_at, stage, state, department, priority, category, type, assignee, client_id, created_at, due_at,
  unanswered_since, level, is_private
) where is_active = 1;
create index ticket_updated on ticket (
  updated_at, stage, state, department, priority, category, type, assignee, client_id, created_at, due_at,
  unanswered_since, level, is_private
);
create index ticket_closed on ticket (stage, updated_at, department, assignee, is_private) where is_active = 0;
create index ticket_client on ticket (client_id);
create index ticket_assignee on ticket (assignee, is_active);
create index ticket_idle on ticket (state, is_idle, touched_at);
create index ticket_wakes on ticket (waits_until) where waits_until is not null;
create index ticket_merged on ticket (merged_into) where merged_into is not null;

create table ticket_tag (
  ticket integer not null references ticket (number),
  tag text not null,
  primary key (ticket, tag)
);
create index ticket_tag_tag on ticket_tag (tag);

-- Who hears of a ticket's public words; the requester too.
create table participant (
  id integer primary key,
  ticket integer not null references ticket (number),
  address text not null,                  -- folded
  shown text not null,                    -- as it is written
  name text not null default '',
  client_id integer references client (id),
  since_at text not null,                 -- nothing older is ever shown to them
  unique (ticket, address)
);

create table message (
  id integer primary key,
  ticket integer not null references ticket (number),
  kind text not null,                     -- inbound | outbound | note
  is_public integer not null,
  role text not null,                     -- client | staff | system
  name text not null default '',
  email text not null default '',
  client_id integer,
  staff text,
  at text not null,
  date_header text not null default '',
  subject text not null default '',
  text text,                              -- the whole text; null where it is new_text
  new_text text not null,
  message_id text not null default '',
  in_reply_to text not null default '',
  inbox_id integer references inbox (id),
  mark text not null default ''
);
create index message_ticket on message (ticket, id);
create index message_message_id on message (message_id);
create unique index message_inbox on message (inbox_id);

-- A file: cut from the raw message of its message's mail, or a blob of its own.
create table attachment (
  id integer primary key,
  message integer not null references message (id),
  name text not null,
  type text not null,
  size integer not null,
  sha256 text not null,                   -- of its own bytes
  start_at integer not null default 0,    -- offsets of the encoded body in the raw message
  end_at integer not null default 0,
  encoding text not null default '',
  content_id text not null default ''
);
create index attachment_message on attachment (message);

-- The activity log.
create table event (
  id integer primary key,
  ticket integer not null references ticket (number),
  at text not null,
  actor text not null,
  kind text not null,
  data text not null default '{}'         -- JSON
);
create index event_ticket on event (ticket, id);

-- Staff who want to hear of a ticket, whoever it belongs to.
create table watcher (
  ticket integer not null references ticket (number),
  staff text not null,                    -- a login
  since_at text not null,
  primary key (ticket, staff)
);
create index watcher_staff on watcher (staff);

-- Who is writing an answer just now; a mark for the others, which nobody has to wait for.
create table writing (
  ticket integer not null references ticket (number),
  staff text not null,                    -- a login
  since_at text not null,
  primary key (ticket, staff)
);

-- When each of a department's staff had a turn; the highest place had the last one.
create table turn (
  department text not null,
  staff text not null,                    -- a login
  place integer not null,
  at text not null,
  primary key (department, staff)
);

-- What a service level promises on a ticket: a clock that runs in working time and stands while we wait.
create table clock (
  ticket integer not null references ticket (number),
  target text not null,                   -- first-response | next-response | resolution
  sla text not null,
  budget integer not null,                -- seconds of working time
  used integer not null default 0,        -- of them, until it last stood
  started_at text not null,
  running_since text,                     -- null while it stands
  warn_at text,                           -- null while it stands, and once it was told
  due_at text,                            -- null while it stands
  breach_at text,                         -- due_at until it was told
  warned_at text,
  breached_at text,
  met_at text,                            -- when it was kept, and stopped for good
  primary key (ticket, target)
);
create index clock_warn on clock (warn_at);
create index clock_breach on clock (breach_at);

-- The tickets on which a rule of time has done its work, as long as its conditions hold.
create table fired (
  rule text not null,
  ticket integer not null references ticket (number),
  at text not null,
  primary key (rule, ticket)
);
create index fired_ticket on fired (ticket);

-- How often each rule did its work, and when last.
create table rule_count (
  rule text primary key,
  fired integer not null,
  last_at text not null
);
-- The tickets to which somebody is called, until one of them acknowledges it.
create table page (
  ticket integer not null references ticket (number),
  oncall text not null,                   -- the slug of its table; '' of [alerts], which calls once
  event text not null,
  step integer not null default 0,        -- the next call's, counted from 0
  began_at text not null,
  next_at text,                           -- when the next one is due; null for never
  called text not null default '',        -- whom the last one reached
  calls integer not null default 0,
  acknowledged_at text,
  acknowledged_by text,
  primary key (ticket, oncall)
);
create index page_due on page (next_at) where next_at is not null;

-- Public holidays as the library knew them, so that they stay the same and need not be asked for each minute.
create table holiday (
  region text not null,                   -- DE, DE-BY
  year integer not null,
  day text not null,                      -- 2026-12-25; '' where a year has none
  name text not null,
  primary key (region, year, day)
);

create table link (
  ticket integer not null references ticket (number),
  other integer not null references ticket (number),
  kind text not null,                     -- continues | claims | split | related | duplicate | blocks | parent
  linked_at text not null,
  primary key (ticket, other, kind)
);
create index link_other on link (other);

-- Mail that goes --------------------------------------------------------------------------------------

create table letter (
  id integer primary key,
  kind text not null,                     -- acknowledgement | reply | alert | pager | rejection | …
  state text not null default 'queued',
  ticket integer references ticket (number),
  message integer references message (id),   -- the message that it carries or speaks of
  recipient text not null,                -- as it is written
  recipient_key text not null,            -- folded
  recipient_name text not null default '',
  person integer not null default 0,      -- participant.id or staff.id, for its signed address
  purpose text not null default '',       -- c: to a client, s: to staff, n: to staff about a note, t: to others
  department text not null default '',
  subject text not null default '',       -- of the letter as it was last rendered, else a hint
  facts text not null default '{}',       -- JSON: what the template needs beside the ticket
  event text not null default '',         -- what it tells of: opened, replied, assigned, …
  event_at text not null default '',
  why text not null default '',           -- what its reader is to the ticket, or by whose order they hear
  message_id text not null unique,        -- minted here, so that a retry is the same letter
  attempts integer not null default 0,
  next_attempt_at text not null,
  created_at text not null,
  claimed_at text,
  claimed_by text,
  handed_at text,                         -- the moment before its text was handed over
  sent_at text,
  said text not null default '',          -- what the server answered that took it
  error text not null default ''
);
create index letter_due on letter (state, next_attempt_at);
create index letter_ticket on letter (ticket);
create index letter_page on letter (recipient_key, id) where kind = 'pager';
create index letter_sent on letter (state, sent_at) where sent_at is not null;

-- What a staff member hears of with the next digest, or heard of so.
create table digest (
  id integer primary key,
  staff integer not null references staff (id),
  ticket integer not null references ticket (number),
  message integer references message (id),
  event text not null,
  why text not null default '',
  facts text not null default '{}',       -- JSON: what a letter would have said
  at text not null,
  wish text not null,                     -- hourly | daily
  due_at text,                            -- null once it was told, or will not be
  letter integer references letter (id),  -- which told it
  dropped text not null default ''        -- why it is not told: off | hidden | retired
);
create index digest_due on digest (due_at);
create index digest_ticket on digest (ticket);

-- Whom a change is not told, and why, as far as nothing else in the store says so.
create table untold (
  id integer primary key,
  ticket integer not null references ticket (number),
  at text not null,
  event text not null,
  whom text not null,                     -- an address, as it is written; clients; staff
  why text not null                       -- off | silent | stage | robot | failed | limit:automatic | …
);
create index untold_ticket on untold (ticket);

-- The jobs ------------------------------------------------------------------------------------------

-- How each job fares on each host.
create table run (
  job text not null,                      -- fetch-mail | notify | run-rules | cron
  host text not null,
  began_at text not null,                 -- of its last run
  ended_at text not null,
  succeeded_at text,                      -- when a run last did all it should
  code integer not null,                  -- the exit code that its last run called for
  error text not null default '',
  primary key (job, host)
);

-- What shall not be done for now.
create table pause (
  what text primary key,                  -- cron (all jobs) | fetch-mail | notify | run-rules | mailbox:NAME
  reason text not null,
  paused_at text not null,
  paused_by text not null
);

-- What keeps the desk from its work, and how far people know it: they hear once, over all runs and hosts.
create table trouble (
  what text primary key,                  -- mailbox.support | transport.default | letters | …
  kind text not null,                     -- away | broken | loss
  code integer not null,                  -- the exit code that it calls for
  host text not null default '',          -- whose runs meet it; '' where there is one host
  text text not null,                     -- the last words about it
  since text not null,
  seen_at text not null,                  -- by the last run that met it
  times integer not null default 1,       -- runs that met it; of a loss what is not told yet
  patience integer not null,              -- seconds that it must last before it is told
  told_at text,                           -- on standard error, which cron mails
  written_at text,                        -- in letters to the admins
  over_at text                            -- null while it lasts
);

-- Counters --------------------------------------------------------------------------------------------

-- What limits count: one row a thing that happened, forgotten after the longest window.
create table tally (
  kind text not null,
  key text not null,
  at text not null,
  ticket integer
);
create index tally_window on tally (kind, key, at);
create index tally_at on tally (at);

create table counter (
  name text primary key,
  value integer not null
);
