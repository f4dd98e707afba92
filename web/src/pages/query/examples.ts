// SPDX-License-Identifier: Apache-2.0
// Statements to begin with, over the EC2 sample.

const kTable = '"InterpolatedBlogDB"."EC2MetricTable"';

export const kExamples: readonly { name: string; sql: string }[] = [
  { name: 'Raw and averaged idle CPU', sql: `SELECT * FROM ${kTable}\nWHERE measure_name IN ('cpu_idle', 'avg_cpu_idle')\nORDER BY time DESC\nLIMIT 100` },
  {
    name: 'CPU by region and minute',
    sql: `SELECT BIN(time, $__interval) AS t, region, AVG(measure_value::double) AS avg_cpu\nFROM ${kTable}\nWHERE $__timeFilter AND measure_name = 'cpu_system'\nGROUP BY BIN(time, $__interval), region\nORDER BY t`,
  },
  { name: 'Newest value of each host', sql: `SELECT instance_name, MAX_BY(measure_value::double, time) AS cpu, MAX(time) AS newest\nFROM ${kTable}\nWHERE $__timeFilter AND measure_name = 'cpu_system'\nGROUP BY instance_name\nORDER BY cpu DESC` },
  {
    name: 'Gaps filled on straight lines',
    sql: `WITH binned AS (\n  SELECT instance_name, BIN(time, 1m) AS t, AVG(measure_value::double) AS v\n  FROM ${kTable}\n  WHERE $__timeFilter AND measure_name = 'cpu_system'\n  GROUP BY instance_name, BIN(time, 1m))\nSELECT instance_name, INTERPOLATE_LINEAR(CREATE_TIME_SERIES(t, v), SEQUENCE(MIN(t), MAX(t), 30s)) AS cpu\nFROM binned\nGROUP BY instance_name`,
  },
];
