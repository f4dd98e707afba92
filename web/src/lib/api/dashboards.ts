// SPDX-License-Identifier: Apache-2.0
// The calls of API.md sections 12 to 14: dashboards with their versions and shares, and the data of panels.
import { Body, Delete, Get, Path, Post, PostAllColumns, Request } from './client.ts';
import type { ColumnBlock } from './columns.ts';
import type { List, NsText } from './types.ts';

export interface DashboardSummary {
  id: string;
  title: string;
  description: string;
  tags: string[];
  /** The newest version; null: never published. */
  published: string | null;
  has_draft: boolean;
  created: NsText;
  updated: NsText;
  source: 'console' | 'stack';
}

export interface PublishedVersion {
  version: string;
  at: NsText;
  message: string;
  /** The file: model/dashboard_file.ts reads it. */
  definition: unknown;
}

export interface Dashboard {
  id: string;
  title: string;
  draft: unknown;
  published: PublishedVersion | null;
  created: NsText;
  updated: NsText;
  source: 'console' | 'stack';
  etag: string;
}

export type VariableValues = Record<string, string[]>;

export interface Share {
  id: string;
  created: NsText;
  expires: NsText | null;
  variables: VariableValues | null;
}

export interface SharedDashboard {
  id: string;
  title: string;
  version: string;
  definition: unknown;
  variables: VariableValues | null;
  expires: NsText | null;
}

const Of = (id: string, ...more: string[]): string => Path('dashboards', id, ...more);
const Act = (id: string, verb: string, etag: string, body: unknown): Promise<Dashboard> => Request<Dashboard>(`${Of(id)}:${verb}`, Body('POST', body, undefined, { 'If-Match': etag }));

export const ListDashboards = (signal?: AbortSignal): Promise<List<DashboardSummary>> => Get<List<DashboardSummary>>('/dashboards?limit=1000&sort=title', signal);
export const GetDashboard = (id: string, signal?: AbortSignal): Promise<Dashboard> => Get<Dashboard>(Of(id), signal);
/** A new dashboard with a draft; 409 if `id` is taken. */
export const CreateDashboard = (body: { id?: string; definition: unknown }): Promise<Dashboard> => Post<Dashboard>('/dashboards', body);
/** All that change take the ETag that was read; 412 with the stored one in `error.current` when it is not the newest. */
export const SaveDraft = (id: string, etag: string, definition: unknown): Promise<Dashboard> => Request<Dashboard>(Of(id), Body('PUT', { definition }, undefined, { 'If-Match': etag }));
export const PublishDashboard = (id: string, etag: string, message = ''): Promise<Dashboard> => Act(id, 'publish', etag, { message });
/** The draft is gone, or is that version. */
export const RevertDashboard = (id: string, etag: string, version?: string): Promise<Dashboard> => Act(id, 'revert', etag, version === undefined ? {} : { version });
export const DeleteDashboard = (id: string, etag: string): Promise<void> => Delete(Of(id), { 'If-Match': etag });

export const ListVersions = (id: string, signal?: AbortSignal): Promise<{ items: { version: string; at: NsText; message: string; title: string }[] }> =>
  Get(Of(id, 'versions'), signal);
export const GetVersion = (id: string, version: string, signal?: AbortSignal): Promise<PublishedVersion> => Get<PublishedVersion>(Of(id, 'versions', version), signal);

export const CreateShare = (id: string, body: { expires: NsText | null; variables: VariableValues | null }): Promise<{ id: string; url: string; token: string; expires: NsText | null }> =>
  Post(Of(id, 'shares'), body);
export const ListShares = (id: string, signal?: AbortSignal): Promise<{ items: Share[] }> => Get<{ items: Share[] }>(Of(id, 'shares'), signal);
export const DeleteShare = (id: string, share: string): Promise<void> => Delete(Of(id, 'shares', share));
/** What the link of this page shows (api/access.ts). */
export const GetShare = (signal?: AbortSignal): Promise<SharedDashboard> => Get<SharedDashboard>('/share', signal);

export interface PanelRequest {
  id: string;
  /** Of a panel that is not stored. */
  sql?: string;
  database?: string;
  table?: string;
  measure?: string;
  max_points?: number;
  max_rows?: number;
  interval_ms?: number;
  /** Of a stored panel: only these of its queries. */
  queries?: readonly number[];
  /** Another end than all panels'. */
  to?: string;
}

export interface PanelsRequest {
  dashboard?: string;
  version?: string;
  variables: VariableValues;
  from: string;
  to: string;
  interval_ms?: number;
  as_of?: NsText;
  panels: PanelRequest[];
}

/** At most so many panels in a call. */
export const kPanelsMax = 32;

/** Blocks in the order of the panels and their queries; one that failed has `error` in its header. */
export const GetPanels = (body: PanelsRequest, signal?: AbortSignal): Promise<ColumnBlock[]> => PostAllColumns('/panels:data', body, signal);
