// SPDX-License-Identifier: Apache-2.0
// Coordinates of the application graph. Its four kinds are its four columns, so rows are all that is to be decided: a node sits at the
// mean of what feeds it, pushed down where that is taken, and the first of each column on one line.
import type { Graph, GraphEdge, GraphNode } from './graph.ts';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  boxes: Map<string, Box>;
  width: number;
  height: number;
}

export interface LayoutOptions {
  width: number;
  /** Heights differ by kind: what a node says takes more or less room. */
  HeightOf(node: GraphNode): number;
}

const kGapX = 84;
const kGapY = 28;
const kNodeWidthMin = 200;
const kNodeWidthMax = 300;
const kMargin = 20;

export function LayOut(graph: Graph, { width, HeightOf }: LayoutOptions): Layout {
  const node_width = Math.max(
    kNodeWidthMin,
    Math.min(kNodeWidthMax, (width - 2 * kMargin - kGapX * (graph.columns - 1)) / graph.columns),
  );
  const gap = Math.max(kGapX, (width - 2 * kMargin - node_width * graph.columns) / Math.max(1, graph.columns - 1));
  const boxes = new Map<string, Box>();
  // The first row is the main flow: its nodes share a middle line.
  const middle = kMargin + Math.max(0, ...graph.nodes.filter((node) => node.row === 0).map(HeightOf)) / 2;
  let height = 0;
  for (let column = 0; column < graph.columns; column += 1) {
    const nodes = graph.nodes.filter((node) => node.column === column).sort((a, b) => a.row - b.row);
    let free = kMargin;
    for (const node of nodes) {
      const feeders = graph.edges
        .filter((edge) => edge.to === node.id && !edge.back)
        .map((edge) => boxes.get(edge.from))
        .filter((box) => box !== undefined);
      const own = HeightOf(node);
      let wished = free;
      if (node.row === 0) wished = middle - own / 2;
      else if (feeders.length > 0) wished = feeders.reduce((sum, box) => sum + box.y + box.height / 2, 0) / feeders.length - own / 2;
      const y = Math.max(free, wished);
      boxes.set(node.id, { x: kMargin + column * (node_width + gap), y, width: node_width, height: own });
      free = y + own + kGapY;
      height = Math.max(height, y + own);
    }
  }
  return { boxes, width: Math.max(width, 2 * kMargin + graph.columns * node_width + (graph.columns - 1) * kGapX), height: height + kMargin + 34 };
}

export interface EdgePath {
  d: string;
  label_x: number;
  label_y: number;
}

const kSameLine = 24; // so little up or down is a curve
const kCorner = 10;
const kTrunk = 11; // from the side of the node that edges leave, or enter backwards ..
const kLane = 5; // .. and so much further for each node above, so that one sees whose it is
const kLanes = 4;
const kBackBelow = 18; // .. of a forward edge

/** Level, along a trunk and level again: what leaves or enters one node shares the trunk and lies apart where it is labelled. */
function AlongTrunk(x1: number, y1: number, trunk: number, x2: number, y2: number): string {
  const down = y2 > y1 ? kCorner : -kCorner;
  const before = trunk + (x1 < trunk ? -kCorner : kCorner);
  const after = trunk + (x2 < trunk ? -kCorner : kCorner);
  return `M${x1} ${y1}L${before} ${y1}Q${trunk} ${y1} ${trunk} ${y1 + down}L${trunk} ${y2 - down}Q${trunk} ${y2} ${after} ${y2}L${x2} ${y2}`;
}

const LaneOf = (box: Box, layout: Layout): number => ([...layout.boxes.values()].filter((b) => b.x === box.x && b.y < box.y).length % kLanes) * kLane;

/** A line from the right side to the left side; back edges leave and enter at the bottom, or beside the line forward. */
export function PathOf(edge: GraphEdge, layout: Layout): EdgePath | null {
  const a = layout.boxes.get(edge.from);
  const b = layout.boxes.get(edge.to);
  if (a === undefined || b === undefined) return null;
  if (!edge.back) {
    const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x - 7, b.y + b.height / 2];
    if (Math.abs(y2 - y1) > kSameLine) {
      const trunk = x1 + kTrunk + LaneOf(a, layout);
      return { d: AlongTrunk(x1, y1, trunk, x2, y2), label_x: (trunk + x2) / 2, label_y: y2 - 10 };
    }
    const bend = (x2 - x1) / 2;
    return { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, label_x: (x1 + x2) / 2, label_y: (y1 + y2) / 2 - 10 };
  }
  const [x1, y1, x2, y2] = [a.x + a.width * 0.4, a.y + a.height, b.x + b.width * 0.6, b.y + b.height + 7];
  if (y2 < y1 - a.height && b.x < a.x) {
    // The other node is higher up: below the line forward, to its side.
    const side = b.x + b.width + 7;
    const trunk = side + kTrunk + LaneOf(b, layout) + kLanes * kLane;
    const from = a.y + a.height / 2 + kBackBelow;
    return { d: AlongTrunk(a.x, from, trunk, side, b.y + b.height / 2 + kBackBelow), label_x: a.x - 32, label_y: from + 16 };
  }
  const entry_side = b.y > y1; // the other node lies wholly below
  if (entry_side) {
    const side = b.x + b.width + 7;
    const middle = b.y + b.height / 2;
    return { d: `M${x1} ${y1}C${x1} ${middle} ${x1} ${middle} ${side} ${middle}`, label_x: (x1 + side) / 2, label_y: middle - 10 };
  }
  const dip = Math.max(y1, y2) + 34;
  return { d: `M${x1} ${y1}C${x1} ${dip} ${x2} ${dip} ${x2} ${y2}`, label_x: (x1 + 3 * x2) / 4, label_y: dip - 2 };
}
