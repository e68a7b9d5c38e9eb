// What a change says once it is made, for a notice: "… Em vigor desde 14:03:22,417 em 1 de 1 nó".
import { fmt } from '../lib/i18n.svelte';
import { common } from '../lib/texts';
import { toast } from '../lib/toasts.svelte';
import type { Receipt } from '../lib/types';

export function receiptText(receipt: Receipt): string {
  if (!receipt.changed) return common().unchanged;
  const { nodes, of, at } = receipt.in_force;
  if (!receipt.complete || at === null) return common().notYetInForce(nodes, of);
  const cut = receipt.streams_closed > 0 ? `; ${common().streamsClosed(receipt.streams_closed)}` : '';
  return `${common().inForce(fmt.millis(at), nodes, of)}${cut}.`;
}

export function announce(text: string, receipt?: Receipt): void {
  toast(receipt ? `${text} ${receiptText(receipt)}` : text, receipt && !receipt.complete ? 'warning' : 'success');
}
