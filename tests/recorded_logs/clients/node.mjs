// node-postgres and postgres.js: unnamed and named statements. Prints each action as a line of JSON. Run by node.py.

import pg from 'pg'
import postgres from 'postgres'

const at = { host: '127.0.0.1', port: Number(process.argv[2]), user: 'ada', database: 'market' }
let client, number, send

async function act(what, statement_class, work, details = {}) {
  const action = { client, number, what, statement_class, executions: 1, noise: [], parameters: [], has_error: statement_class === 'failed', ...details }
  console.log(JSON.stringify(action))
  if (number > 0) await send(`select 'mark ${client} ${number}' from market.marks`)
  number++
  try { await work() } catch (error) { if (statement_class !== 'failed') throw error }
}

const asText = (value) => value === null ? null : value === true ? 't' : Array.isArray(value) ? `{${value.map((v) => `"${v}"`)}}` : String(value)
const questions = [
  ['select order_id from market.orders where status = $1 and total > $2 order by 1', ['open', 20.5]],
  ['select full_name from market.customers where zip = $1', ['10115']],
  ['select order_id from market.orders where order_id = any($1::int[]) order by 1', [[1, 2, 3]]],
  ['select city from market.customers where full_name = $1', ["Orla O'Quint"]],
  ['select count(*) from market.orders where note is not distinct from $1::text', [null]],
  ['select count(*) from market.orders where is_paid = $1', [true]],
]

// node-postgres
client = 'node-pg'
number = 0
const node = new pg.Client({ ...at, application_name: client })
send = (sql) => node.query(sql)
await act('connect', 'session', () => node.connect(), { executions: null })
for (const [sql, values] of questions) {
  await act(sql, 'question', () => node.query(sql, values), { parameters: values.map(asText) })
}
for (const [sql, values] of questions.slice(0, 3)) {
  const named = { name: `find: ${values[0]}`, text: sql, values }
  await act(sql, 'question', async () => { await node.query(named); await node.query(named) }, { parameters: values.map(asText), executions: 2 })
}
await act('select count(*) from market.orders', 'question', () => node.query('select count(*) from market.orders'))
await act('select nme from market.customers where zip = $1', 'failed', () => node.query('select nme from market.customers where zip = $1', ['1']), { parameters: ['1'], executions: 0 })
await send("select 'mark end' from market.marks")
await node.end()

// postgres.js: asks for the array types while it connects
client = 'postgres.js'
number = 0
const sql = postgres({ ...at, max: 1, connection: { application_name: client } })
send = (text) => sql.unsafe(text)
await act('connect', 'catalog', () => {}, { executions: null })
for (const [text, values] of questions) {
  await act(text, 'question', () => sql.unsafe(text, values), { parameters: values.map(asText) })
}
const status = 'open'
await act('select order_id from market.orders where status = $1 order by 1', 'question', () => sql`select order_id from market.orders where status = ${status} order by 1`, { parameters: [status] })
await act('transaction', 'transaction', () => sql.begin((inner) => inner`select 1`), { executions: 2, noise: ['ping'] })
await act('select order_id from market.orders order by 1', 'question', () => sql`select order_id from market.orders order by 1`.cursor(15, () => {}), { noise: ['cursor'] })
await send("select 'mark end' from market.marks")
await sql.end()
