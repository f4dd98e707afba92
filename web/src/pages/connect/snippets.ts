// SPDX-License-Identifier: Apache-2.0
// Complete programs for this very server: each writes a record to a stream and asks a table. `${...}` are filled in by the page and
// by the test that runs them.

export interface Target {
  url: string;
  host: string;
  port: string;
  region: string;
  stream: string;
  database: string;
  table: string;
}

export interface Client {
  id: string;
  label: string;
  file: string;
  /** What its User-Agent names it. */
  library: RegExp;
  /** `run`: a test runs this text. `read`: nobody has run it here yet. */
  proof: 'run' | 'read';
  trap: string;
  text: (t: Target) => string;
}

export const TargetOf = (url: string, region: string, names: { stream: string; database: string; table: string }): Target => {
  const { hostname, port, protocol } = new URL(url);
  return { url, host: hostname, port: port === '' ? (protocol === 'https:' ? '443' : '80') : port, region, ...names };
};

const kClients: Client[] = [
  {
    id: 'python', label: 'Python', file: 'connect.py', library: /boto/i, proof: 'run',
    trap: 'With the address from the environment boto3 asks for endpoints first (DescribeEndpoints) and then uses what it is told; with endpoint_url it does not. boto3 of Debian 12 ignores the environment: use the argument.',
    text: (t) => `import boto3

session = boto3.Session(region_name="${t.region}", aws_access_key_id="local", aws_secret_access_key="local")
kinesis = session.client("kinesis", endpoint_url="${t.url}")
answer = kinesis.put_record(StreamName="${t.stream}", PartitionKey="host-1", Data=b'{"hello": "tidemark"}')
print("put", answer["ShardId"], answer["SequenceNumber"])

query = session.client("timestream-query", endpoint_url="${t.url}")
page = query.query(QueryString='SELECT COUNT(*) FROM "${t.database}"."${t.table}"')
print("points", page["Rows"][0]["Data"][0]["ScalarValue"])
`,
  },
  {
    id: 'cli', label: 'AWS CLI', file: 'connect.sh', library: /aws-cli/i, proof: 'run',
    trap: 'Version 2 takes --data of put-record as base64 unless --cli-binary-format raw-in-base64-out is given. The CLI of Debian 12 (2.9) ignores the endpoint variables of the environment: use --endpoint-url.',
    text: (t) => `export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=${t.region} AWS_DEFAULT_REGION=${t.region}
aws kinesis put-record --endpoint-url ${t.url} --stream-name '${t.stream}' --partition-key host-1 --data "$(printf '{"hello": "tidemark"}' | base64)"
aws timestream-query query --endpoint-url ${t.url} --query-string 'SELECT COUNT(*) FROM "${t.database}"."${t.table}"' --query 'Rows[0].Data[0].ScalarValue' --output text
`,
  },
  {
    id: 'javascript', label: 'JavaScript', file: 'connect.mjs', library: /aws-sdk-(js|nodejs)/i, proof: 'run',
    trap: 'The Kinesis client of SDK v3 opens HTTP/2, always; this server answers HTTP/1.1 and the client then says only "Protocol error". Give it the HTTP/1.1 handler, as below.',
    text: (t) => `import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { QueryCommand, TimestreamQueryClient } from '@aws-sdk/client-timestream-query';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const common = { region: '${t.region}', endpoint: '${t.url}', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
const kinesis = new KinesisClient({ ...common, requestHandler: new NodeHttpHandler() });
const put = await kinesis.send(new PutRecordCommand({ StreamName: '${t.stream}', PartitionKey: 'host-1', Data: Buffer.from('{"hello": "tidemark"}') }));
console.log('put', put.ShardId, put.SequenceNumber);

const query = new TimestreamQueryClient(common);
const page = await query.send(new QueryCommand({ QueryString: 'SELECT COUNT(*) FROM "${t.database}"."${t.table}"' }));
console.log('points', page.Rows[0].Data[0].ScalarValue);
`,
  },
  {
    id: 'java', label: 'Java', file: 'Connect.java', library: /aws-sdk-java/i, proof: 'read',
    trap: 'Switch CBOR off (system property aws.cborEnabled=false) and use the synchronous client with the Apache or URL-connection HTTP client: the asynchronous Kinesis client opens HTTP/2. An endpoint override is taken as the discovered address.',
    text: (t) => `import java.net.URI;
import software.amazon.awssdk.auth.credentials.*;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;

public class Connect {
  public static void main(String[] args) {
    System.setProperty("aws.cborEnabled", "false");
    KinesisClient kinesis = KinesisClient.builder()
        .endpointOverride(URI.create("${t.url}")).region(Region.of("${t.region}")).httpClient(ApacheHttpClient.create())
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"))).build();
    var put = kinesis.putRecord(r -> r.streamName("${t.stream}").partitionKey("host-1").data(SdkBytes.fromUtf8String("{\\"hello\\": \\"tidemark\\"}")));
    System.out.println("put " + put.shardId() + " " + put.sequenceNumber());
  }
}
`,
  },
  {
    id: 'go', label: 'Go', file: 'main.go', library: /aws-sdk-go/i, proof: 'read',
    trap: 'Set BaseEndpoint on each client; the Timestream clients then do no discovery.',
    text: (t) => `package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

func main() {
	client := kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String("${t.url}"), Region: "${t.region}",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	put, err := client.PutRecord(context.Background(), &kinesis.PutRecordInput{
		StreamName: aws.String("${t.stream}"), PartitionKey: aws.String("host-1"), Data: []byte(\`{"hello": "tidemark"}\`),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("put", *put.ShardId, *put.SequenceNumber)
}
`,
  },
  {
    id: 'telegraf', label: 'Telegraf', file: 'telegraf.conf', library: /telegraf/i, proof: 'read',
    trap: 'With a custom endpoint Telegraf does no discovery; the region has to be set as well.',
    text: (t) => `[[outputs.timestream]]
  region = "${t.region}"
  endpoint_url = "${t.url}"
  access_key = "local"
  secret_key = "local"
  database_name = "${t.database}"
  describe_database_on_start = false
  mapping_mode = "multi-table"
  create_table_if_not_exists = true
  create_table_magnetic_store_retention_period_in_days = 1
  create_table_memory_store_retention_period_in_hours = 6
`,
  },
  {
    id: 'grafana', label: 'Grafana', file: 'datasources.yaml', library: /grafana/i, proof: 'read',
    trap: 'With a custom endpoint the Timestream plug-in does no discovery. Its macros ($__timeFilter, $__interval_ms, …) have the same names here, so that panels and this console share their SQL.',
    text: (t) => `apiVersion: 1
datasources:
  - name: tidemark
    type: grafana-timestream-datasource
    jsonData:
      authType: keys
      defaultRegion: ${t.region}
      endpoint: ${t.url}
      defaultDatabase: '"${t.database}"'
      defaultTable: '"${t.table}"'
    secureJsonData: {accessKey: local, secretKey: local}
`,
  },
  {
    id: 'curl', label: 'curl', file: 'connect.sh', library: /curl/i, proof: 'run',
    trap: 'The console API takes changes only with X-Console: 1; reading needs nothing.',
    text: (t) => `curl -sS ${t.url}/api/v1/query -H 'Content-Type: application/json' -H 'X-Console: 1' -d '{"sql": "SELECT COUNT(*) FROM \\"${t.database}\\".\\"${t.table}\\""}'
`,
  },
];

export const clients: readonly Client[] = kClients;

export type EnvShell = 'bash' | 'powershell' | 'dotenv' | 'compose';

/** The variables that SDKs read, in the form of a shell. */
export function Environment({ url, region }: { url: string; region: string }, shell: EnvShell): string {
  const all: [string, string][] = [
    ['AWS_ENDPOINT_URL_KINESIS', url], ['AWS_ENDPOINT_URL_TIMESTREAM_WRITE', url], ['AWS_ENDPOINT_URL_TIMESTREAM_QUERY', url], ['AWS_REGION', region], ['AWS_DEFAULT_REGION', region],
    ['AWS_ACCESS_KEY_ID', 'local'], ['AWS_SECRET_ACCESS_KEY', 'local'],
  ];
  switch (shell) {
    case 'bash':
      return all.map(([k, v]) => `export ${k}=${v}`).join('\n');
    case 'powershell':
      return all.map(([k, v]) => `$env:${k} = "${v}"`).join('\n');
    case 'dotenv':
      return all.map(([k, v]) => `${k}=${v}`).join('\n');
    case 'compose':
      return ['    environment:', ...all.map(([k, v]) => `      ${k}: "${v}"`)].join('\n');
  }
}
