// The Node peer: fastify on HTTP/2 and TLS, postgres.js, a cluster of two. It runs PropOps' own SQL and answers with the same fields, but it
// checks no token, right, scope or limit, binds no role, and opens no sealed value: whatever that costs is the price of PropOps alone.
'use strict';
const cluster = require('node:cluster');
const fs = require('node:fs');
const { randomUUID } = require('node:crypto');

const plan = JSON.parse(fs.readFileSync(process.env.BENCH_PLAN));
const LIST = 50;

// Reads as PropOps writes: numbers as numbers, instants to the second, sealed values not at all.
const writers = {
    bigint: Number,
    numeric: Number,
    instant: v => v.slice(0, 10) + 'T' + v.slice(11, 19) + 'Z',
    'bigint[]': v => v.map(Number),
};

function writer([name, type]) {
    const bare = type.replace(/\?$/, '');
    const write = bare.startsWith('sealed') ? () => null : writers[bare];
    return [name, write];
}

function schemaOf(columns) {
    const kinds = { bigint: 'number', numeric: 'number', boolean: 'boolean', 'bigint[]': 'array' };
    const properties = {};
    for (const [name, type] of columns) {
        const bare = type.replace(/\?$/, '');
        const kind = bare.startsWith('sealed') ? 'string' : kinds[bare] ?? 'string';
        properties[name] = { type: kind, nullable: true, ...(kind === 'array' && { items: { type: 'number' } }) };
    }
    return { type: 'object', properties };
}

function objects(rows, columns) {
    return rows.map(row => {
        const object = {};
        for (let i = 0; i < columns.length; i++) {
            const [name, write] = columns[i];
            object[name] = row[i] === null || !write ? row[i] : write(row[i]);
        }
        return object;
    });
}

const natives = {
    jsonb: v => (v === null ? null : JSON.parse(v)),
    bytea: v => (v === null ? null : Buffer.from(v.slice(2), 'hex')),
    boolean: v => (v === null ? null : v === 't'),
    'bigint[]': v => (v === null ? null : v.slice(1, -1).split(',').filter(Boolean)),
};

// One statement's values in another run of the same transaction.
function valuesOf(step, run) {
    return step.values.map(s => {
        if (s.uuid !== undefined)
            return (run.uuids[s.uuid] ??= randomUUID());
        if (s.reference)
            return 'JOB-' + run.number;
        if (s.made)
            return run.id;
        const value = s.sent ? String(run.body[s.sent]) : s.value;
        return natives[s.type] ? natives[s.type](value) : value;
    });
}

function serve() {
    const asText = oid => ({ to: oid, from: [oid], serialize: v => v, parse: v => v });
    const connect = planning => require('postgres')({
        host: process.env.SOCKETS, database: 'propops', max: 4, onnotice: () => {},
        types: { date: asText(1082), instant: asText(1184) },
        connection: { plan_cache_mode: planning, jit: 'off', timezone: 'UTC', application_name: 'peer' },
    });
    // Only who knows the pattern takes the trigram index.
    const sql = connect('force_generic_plan'), searching = connect('force_custom_plan');
    const app = require('fastify')({
        http2: true,
        https: { allowHTTP1: true, key: fs.readFileSync(process.env.TLS_KEY), cert: fs.readFileSync(process.env.TLS_CERT) },
    });
    const texts = new Map();
    const named = { prepare: true };

    // The statement as this org has it, made once.
    function text(org, name) {
        const key = org + ' ' + name;
        let t = texts.get(key);
        if (!t)
            texts.set(key, (t = plan.statements[name].replaceAll('@org', 'org_' + org)));
        return t;
    }
    const orgOf = req => (req.headers[':authority'] ?? req.headers.host).split('.', 1)[0];
    const jobColumns = plan.columns.map(writer), job = schemaOf(plan.columns);
    const tenantColumns = plan.tenant_columns.map(writer), tenant = schemaOf(plan.tenant_columns);
    const flag = { type: 'boolean' }, number = { type: 'number' }, cursor = { type: 'string', nullable: true };
    const listReply = item => ({ response: { 200: { type: 'object',
        properties: { success: flag, data: { type: 'array', items: item }, count: number, total: number, next_cursor: cursor } } } });

    async function list(page, count, columns) {
        const rows = await page;
        const more = rows.length > LIST;
        const shown = more ? rows.slice(0, LIST) : rows;
        const total = more ? Number((await count())[0][0]) : shown.length;
        const last = shown.at(-1);
        return { success: true, data: objects(shown, columns), count: shown.length, total,
            next_cursor: more ? Buffer.from(last.slice(columns.length).join('\x1f')).toString('base64url') : null };
    }

    app.get('/get', { schema: { response: { 200: { type: 'object', properties: { success: flag, data: job } } } } }, async req => {
        const rows = await sql.unsafe(text(orgOf(req), 'get'), [plan.account_id, 1, req.query.uuid], named).values();
        return { success: true, data: objects(rows, jobColumns)[0] };
    });
    app.get('/list', { schema: listReply(job) }, req => {
        const org = orgOf(req);
        return list(sql.unsafe(text(org, 'page'), [plan.account_id, 1], named).values(),
            () => sql.unsafe(text(org, 'count'), [plan.account_id, 1], named).values(), jobColumns);
    });
    app.get('/search', { schema: listReply(tenant) }, req =>
        list(searching.unsafe(plan.statements.search, [req.query.search], named).values(),
            () => searching.unsafe(plan.statements.search_count, [req.query.search], named).values(), tenantColumns));
    app.post('/create', async req => {
        const org = orgOf(req);
        const run = { body: req.body, uuids: [] };
        await sql.begin(async tx => {
            for (let i = 0; i < plan.create.length; i++) {
                const step = plan.create[i];
                const rows = await tx.unsafe(text(org, 'create' + i), valuesOf(step, run), named).values();
                if (step.gives)
                    run[step.gives] = rows[0][0];
            }
        });
        return { success: true, message: 'Job created successfully', job_id: Number(run.id), job_uuid: run.uuids[plan.job_uuid], job_ref: 'JOB-' + run.number };
    });
    app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
}

if (cluster.isPrimary) {
    for (let i = 0; i < 2; i++)
        cluster.fork();
    process.on('SIGTERM', () => process.exit(0));
} else {
    serve();
}
