-- A receipt is named by its shop and the shop's own number: whatever comes twice is one row.
create table receipts (
    shop text not null,
    number text not null,
    issued_on date not null,
    total numeric(10, 2) not null,
    tax numeric(10, 2) not null,
    sent_at timestamptz not null,
    stored_at timestamptz not null default now(), -- when it began to be
    deliveries integer not null default 1,
    primary key (shop, number)
);
grant select, insert, update on receipts to ledger;

-- An old machine: the more there is to do at once, the longer everything takes.
create function labor() returns trigger language plpgsql as $$
begin
    perform pg_sleep({labor} * (
        select count(*) from pg_stat_activity where usename = 'ledger' and state = 'active'
    ));
    return new;
end $$;
create trigger labor before insert on receipts for each row execute function labor();
