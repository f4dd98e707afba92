// SPDX-License-Identifier: Apache-2.0
// Stacks: what a text would do, and doing it (API.md section 5, Stacks).
import { Post } from './client.ts';
import type { TomlValue } from '../model/view_keys.ts';

export interface StackItem {
  kind: string;
  name: string;
  action: string;
  detail: string;
}

export interface StackCheck {
  /** The text's tables and keys; null: it is not TOML. */
  content: Record<string, TomlValue> | null;
  items: StackItem[];
  problem: { message: string; field: string | null; line: number | null } | null;
}

const kFile = 'console'; // names the text in messages

export const CheckStack = (text: string, signal?: AbortSignal): Promise<StackCheck> => Post<StackCheck>('/stack:check', { file: kFile, text }, signal);
export const ApplyStack = (text: string): Promise<{ items: StackItem[] }> => Post<{ items: StackItem[] }>('/stack:apply', { file: kFile, text });
