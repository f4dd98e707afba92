// SPDX-License-Identifier: Apache-2.0
import type {
  ApiErrorBody, DatabaseStatus, GraphStatus, LatenessBucket, Overview, PipelineStatus, QueryAnswer, RevisionsAnswer,
  StreamStatus, ViewStatus, WatermarksAnswer,
} from './types.ts';

const kBase = '/api/v1';

/** Every failed request: an answer of the server, or (status 0) no answer at all. */
export class ApiError extends Error {
  readonly body: ApiErrorBody;

  constructor(body: ApiErrorBody) {
    super(body.message);
    this.name = 'ApiError';
    this.body = body;
  }
}

function Unusable(status: number, message: string): ApiErrorBody {
  return {
    code: status === 0 ? 'unreachable' : 'unexpected_answer', status, message, hint: null, field: null, line: null, column: null,
    request_id: null, retryable: status === 0 || status >= 500,
  };
}

async function Request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(kBase + path, { cache: 'no-store', credentials: 'same-origin', ...init });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(Unusable(0, 'The server does not answer.'));
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(Unusable(response.status, `The server answered ${response.status} with something that is not JSON.`));
  }
  if (!response.ok) {
    const error = (body as { error?: Partial<ApiErrorBody> }).error;
    throw new ApiError({ ...Unusable(response.status, `The server answered ${response.status}.`), ...error });
  }
  return body as T;
}

// X-Console marks a call that a page made on purpose: a foreign page cannot send it without a preflight.
const Post = <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> =>
  Request<T>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Console': '1' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

export interface QueryOptions {
  max_rows?: number;
  signal?: AbortSignal;
}

export const StartQuery = (sql: string, { max_rows = 1000, signal }: QueryOptions = {}): Promise<QueryAnswer> =>
  Post<QueryAnswer>('/query', { sql, max_rows }, signal);

export const NextPage = (next: string, signal?: AbortSignal): Promise<QueryAnswer> => Post<QueryAnswer>('/query', { next }, signal);

export const DropQuery = (query_id: string): Promise<void> =>
  Request<void>(`/query/${encodeURIComponent(query_id)}`, { method: 'DELETE', headers: { 'X-Console': '1' } });

/** All pages of a statement. Throws when there are more rows than `rows_max`: a chart must not silently show a part. */
export async function QueryAll(sql: string, rows_max: number, signal?: AbortSignal): Promise<QueryAnswer> {
  const options = signal === undefined ? {} : { signal };
  let page = await StartQuery(sql, { max_rows: Math.min(rows_max, 10_000), ...options });
  const rows = page.rows;
  while (page.next !== null) {
    if (rows.length > rows_max) throw new ApiError(Unusable(200, `The statement gives more than ${rows_max} rows.`));
    page = await NextPage(page.next, signal);
    for (const row of page.rows) rows.push(row);
  }
  return { ...page, rows };
}

export interface RevisionsRequest {
  database: string;
  table: string;
  measure: string;
  from: bigint;
  to: bigint;
  dimensions: Record<string, string>;
}

export function GetRevisions(request: RevisionsRequest, signal?: AbortSignal): Promise<RevisionsAnswer> {
  const params = new URLSearchParams({ measure: request.measure, from: String(request.from), to: String(request.to), limit: '10000' });
  const own = new Set(['measure', 'from', 'to', 'limit']);
  for (const [name, value] of Object.entries(request.dimensions)) params.set(own.has(name) ? `dim.${name}` : name, value);
  const path = `/databases/${encodeURIComponent(request.database)}/tables/${encodeURIComponent(request.table)}/revisions?${params}`;
  return Request<RevisionsAnswer>(path, signal === undefined ? {} : { signal });
}

export async function GetGraph(): Promise<GraphStatus> {
  const [overview, streams, pipelines, views, databases] = await Promise.all([
    Request<Overview>('/overview'),
    Request<{ streams: StreamStatus[] }>('/streams'),
    Request<{ pipelines: PipelineStatus[] }>('/pipelines'),
    Request<{ views: ViewStatus[] }>('/views'),
    Request<{ databases: DatabaseStatus[] }>('/databases'),
  ]);
  return { overview, ...streams, ...pipelines, ...views, ...databases };
}

export const GetWatermarks = (view: string): Promise<WatermarksAnswer> =>
  Request<WatermarksAnswer>(`/views/${encodeURIComponent(view)}/watermarks`);

export const GetLateness = (view: string): Promise<{ buckets: LatenessBucket[] }> =>
  Request<{ buckets: LatenessBucket[] }>(`/views/${encodeURIComponent(view)}/lateness`);

export const SetPipelineRunning = (pipeline: string, wished: 'start' | 'stop'): Promise<PipelineStatus> =>
  Post<PipelineStatus>(`/pipelines/${encodeURIComponent(pipeline)}/${wished}`, {});
