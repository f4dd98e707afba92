// SPDX-License-Identifier: Apache-2.0
import { AccessHeaders } from './access.ts';
import { kColumnsType, ReadAllColumns, ReadColumns, type ColumnBlock } from './columns.ts';
import type {
  Activity, ApiErrorBody, Connection, DatabaseStatus, GraphStatus, Info, LatenessBucket, List, MacroMembers, Overview, OverviewStep, PipelineStatus, QueryAnswer, QueryState, RevisionsAnswer, SavedQuery,
  SavedQueryBody, Setting, SqlFunctions, StatementStatus, StreamStatus, Validation, ViewStatus, WatermarksAnswer,
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

async function Fetch(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(kBase + path, { cache: 'no-store', credentials: 'same-origin', ...init, headers: { ...(init.headers as Record<string, string> | undefined), ...AccessHeaders() } });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(Unusable(0, 'The server does not answer.'));
  }
}

export async function Request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await Fetch(path, init);
  if (response.status === 204) return undefined as T;
  return ReadJson<T>(response);
}

async function ReadJson<T>(response: Response): Promise<T> {
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

const WithSignal = (signal: AbortSignal | undefined): RequestInit => (signal === undefined ? {} : { signal });

// X-Console marks a call that a page made on purpose: a foreign page cannot send it without a preflight.
export const Body = (method: string, body: unknown, signal?: AbortSignal, headers: Record<string, string> = {}): RequestInit => ({
  method, headers: { 'Content-Type': 'application/json', 'X-Console': '1', ...headers }, body: JSON.stringify(body), ...WithSignal(signal),
});

export const Post = <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> => Request<T>(path, Body('POST', body, signal));

export const Patch = <T>(path: string, body: unknown): Promise<T> => Request<T>(path, Body('PATCH', body));

export const Get = <T>(path: string, signal?: AbortSignal): Promise<T> => Request<T>(path, WithSignal(signal));

export const Delete = (path: string, headers: Record<string, string> = {}): Promise<void> =>
  Request<void>(path, { method: 'DELETE', headers: { 'X-Console': '1', ...headers } });

/** A path of parts that may hold anything. */
export const Path = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

export interface QueryOptions {
  max_rows?: number;
  signal?: AbortSignal;
  /** Chosen by the page, so that progress and cancel work before the first answer. */
  id?: string;
  macros?: MacroMembers;
}

const StatementBody = (sql: string, { max_rows = 1000, id, macros = {} }: QueryOptions): unknown => ({ sql, max_rows, ...(id === undefined ? {} : { id }), ...macros });

export const StartQuery = (sql: string, options: QueryOptions = {}): Promise<QueryAnswer> => Post<QueryAnswer>('/query', StatementBody(sql, options), options.signal);

export const NextPage = (next: string, signal?: AbortSignal): Promise<QueryAnswer> => Post<QueryAnswer>('/query', { next }, signal);

async function PostForBuffer(path: string, body: unknown, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await Fetch(path, Body('POST', body, signal, { Accept: kColumnsType }));
  return response.ok ? response.arrayBuffer() : ReadJson<never>(response);
}

const PostColumns = async (path: string, body: unknown, signal?: AbortSignal): Promise<ColumnBlock> => ReadColumns(await PostForBuffer(path, body, signal));

/** An answer of several blocks. */
export const PostAllColumns = async (path: string, body: unknown, signal?: AbortSignal): Promise<ColumnBlock[]> => ReadAllColumns(await PostForBuffer(path, body, signal));

/** The first page of a statement, or the next one, as typed arrays. */
export const StartColumns = (sql: string, options: QueryOptions = {}): Promise<ColumnBlock> => PostColumns('/query', StatementBody(sql, options), options.signal);
export const NextColumns = (next: string, signal?: AbortSignal): Promise<ColumnBlock> => PostColumns('/query', { next }, signal);

export const DropQuery = (query_id: string): Promise<void> => Delete(Path('query', query_id));

export const GetQueryState = (query_id: string, signal?: AbortSignal): Promise<QueryState> => Get<QueryState>(Path('query', query_id), signal);

export const GetActivity = async (limit: number, signal?: AbortSignal): Promise<Activity[]> => (await Get<{ items: Activity[] }>(`/activity?limit=${limit}`, signal)).items;
export const GetOverviewHistory = async (signal?: AbortSignal): Promise<OverviewStep[]> => (await Get<{ steps: OverviewStep[] }>('/overview/history', signal)).steps;

export const ListStatements = (signal?: AbortSignal): Promise<{ queries: StatementStatus[] }> => Get<{ queries: StatementStatus[] }>('/queries', signal);

export const ValidateSql = (sql: string, macros: MacroMembers, signal?: AbortSignal): Promise<Validation> => Post<Validation>('/sql:validate', { sql, ...macros }, signal);

export const GetFunctions = (): Promise<SqlFunctions> => Get<SqlFunctions>('/sql/functions');

export const ListSavedQueries = (signal?: AbortSignal): Promise<List<SavedQuery>> => Get<List<SavedQuery>>('/saved-queries?limit=1000&sort=name', signal);
export const GetSavedQuery = (id: string): Promise<SavedQuery> => Get<SavedQuery>(Path('saved-queries', id));
export const CreateSavedQuery = (body: SavedQueryBody): Promise<SavedQuery> => Post<SavedQuery>('/saved-queries', body);
export const UpdateSavedQuery = (id: string, etag: string, body: SavedQueryBody): Promise<SavedQuery> =>
  Request<SavedQuery>(Path('saved-queries', id), Body('PUT', body, undefined, { 'If-Match': etag }));
export const DeleteSavedQuery = (id: string, etag: string): Promise<void> => Delete(Path('saved-queries', id), { 'If-Match': etag });

export const GetInfo = (): Promise<Info> => Get<Info>('/info');
export const GetSettings = (signal?: AbortSignal): Promise<{ file: string | null; settings: Setting[] }> => Get<{ file: string | null; settings: Setting[] }>('/settings', signal);
export const GetConnections = (signal?: AbortSignal): Promise<{ items: Connection[] }> => Get<{ items: Connection[] }>('/connections', signal);

/** All pages of a statement. Throws when there are more rows than `rows_max`: a chart must not silently show a part. */
export async function QueryAll(sql: string, rows_max: number, signal?: AbortSignal): Promise<QueryAnswer> {
  let page = await StartQuery(sql, { max_rows: Math.min(rows_max, 10_000), ...WithSignal(signal) } as QueryOptions);
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
  /** What was known at this time of processing. */
  as_of?: bigint | null;
}

export function GetRevisions(request: RevisionsRequest, signal?: AbortSignal): Promise<RevisionsAnswer> {
  const params = new URLSearchParams({ measure: request.measure, from: String(request.from), to: String(request.to), limit: '10000' });
  if (request.as_of != null) params.set('as_of', String(request.as_of));
  const own = new Set(['measure', 'from', 'to', 'limit', 'as_of']);
  for (const [name, value] of Object.entries(request.dimensions)) params.set(own.has(name) ? `dim.${name}` : name, value);
  const path = `/databases/${encodeURIComponent(request.database)}/tables/${encodeURIComponent(request.table)}/revisions?${params}`;
  return Get<RevisionsAnswer>(path, signal);
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
