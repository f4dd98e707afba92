// SPDX-License-Identifier: Apache-2.0
// The JavaScript SDK (v3) against a server: node query_api.mjs ENDPOINT. Writes a table of its own, pages, prepares,
// cancels; ends with an assertion error or not at all. Facts: timestream-api.md 5, clients-seen.md.
import assert from 'node:assert/strict'
import {
  CancelQueryCommand, ConflictException, PrepareQueryCommand, QueryCommand, TimestreamQueryClient, ValidationException,
  paginateQuery,
} from '@aws-sdk/client-timestream-query'
import {
  CreateDatabaseCommand, CreateTableCommand, RejectedRecordsException, TimestreamWriteClient, WriteRecordsCommand,
} from '@aws-sdk/client-timestream-write'

const [endpoint, endless] = process.argv.slice(2)
const common = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, maxAttempts: 1 }
const write = new TimestreamWriteClient(common)
const query = new TimestreamQueryClient(common)
const DB = 'yard', TABLE = 'pumps', ROWS = 300
const FROM = `FROM "${DB}"."${TABLE}"`

async function fill() {
  await write.send(new CreateDatabaseCommand({ DatabaseName: DB }))
  await write.send(new CreateTableCommand({ DatabaseName: DB, TableName: TABLE,
    RetentionProperties: { MemoryStoreRetentionPeriodInHours: 24, MagneticStoreRetentionPeriodInDays: 10 } }))
  const first = Math.floor(Date.now() / 1000) - 3600
  const record = (i, value) => ({ Dimensions: [{ Name: 'line', Value: `ü${i % 5}` }], Time: String(first + i), MeasureValue: String(value) })
  const send = Records => write.send(new WriteRecordsCommand({ DatabaseName: DB, TableName: TABLE, Records,
    CommonAttributes: { MeasureName: 'rpm', MeasureValueType: 'BIGINT', TimeUnit: 'SECONDS' } }))
  for (let start = 0; start < ROWS; start += 100) {
    const reply = await send(Array.from({ length: 100 }, (_, k) => record(start + k, start + k)))
    assert.equal(reply.RecordsIngested.Total, 100)
  }
  // The same version with another value.
  await assert.rejects(send([record(0, 0), record(1, 99)]), error => {
    assert(error instanceof RejectedRecordsException, String(error))
    assert.deepEqual(error.RejectedRecords.map(r => [r.RecordIndex, r.ExistingVersion]), [[1, 1]])
    return true
  })
}

async function pages() {
  const rows = [], ids = new Set()
  let count = 0
  for await (const page of paginateQuery({ client: query, pageSize: 70 },
    { QueryString: `SELECT time, line, measure_value::bigint AS v ${FROM} ORDER BY time` })) {
    ++count
    ids.add(page.QueryId)
    assert.deepEqual(page.ColumnInfo.map(c => [c.Name, c.Type.ScalarType]), [['time', 'TIMESTAMP'], ['line', 'VARCHAR'], ['v', 'BIGINT']])
    rows.push(...page.Rows.map(row => row.Data.map(d => d.ScalarValue)))
  }
  assert(count >= 5, `${count} pages`)
  assert.equal(ids.size, 1)
  assert.deepEqual(rows.map(r => r[2]), Array.from({ length: ROWS }, (_, i) => String(i)))
  assert.equal(rows[7][1], 'ü2')

  // Nested values and NULL as the SDK reads them.
  const one = await query.send(new QueryCommand({ QueryString: "SELECT ARRAY[1, NULL], ROW(1, 'a'), CAST(NULL AS double), true" }))
  assert.deepEqual(one.Rows[0].Data[0].ArrayValue.map(d => d.ScalarValue ?? d.NullValue), ['1', true])
  assert.deepEqual(one.Rows[0].Data[1].RowValue.Data.map(d => d.ScalarValue), ['1', 'a'])
  assert.equal(one.Rows[0].Data[2].NullValue, true)
  assert.equal(one.Rows[0].Data[3].ScalarValue, 'true')

  await assert.rejects(query.send(new QueryCommand({ QueryString: `SELECT line ${FROM} WHERE lin = 'a'` })), error => {
    assert(error instanceof ValidationException, String(error))
    assert.match(error.message, /lin/)
    return true
  })
}

async function prepare() {
  const answer = await query.send(new PrepareQueryCommand({ QueryString: `SELECT line ${FROM} WHERE measure_value::bigint > @least`, ValidateOnly: true }))
  assert.deepEqual(answer.Columns.map(c => [c.Name, c.Type.ScalarType, c.TableName]), [['line', 'VARCHAR', TABLE]])
  assert.deepEqual(answer.Parameters.map(p => [p.Name, p.Type.ScalarType]), [['least', 'BIGINT']])
}

async function cancel() {
  const page = await query.send(new QueryCommand({ QueryString: endless }))
  assert.deepEqual(page.Rows, [])
  assert(page.NextToken && page.QueryId)
  const said = await query.send(new CancelQueryCommand({ QueryId: page.QueryId }))
  assert.equal(said.$metadata.httpStatusCode, 200)
  await assert.rejects(query.send(new QueryCommand({ QueryString: endless, NextToken: page.NextToken })), error => {
    assert(error instanceof ConflictException, String(error))
    assert.equal(error.$metadata.httpStatusCode, 409)
    return true
  })
}

await fill()
await pages()
await prepare()
await cancel()
query.destroy()
write.destroy()
