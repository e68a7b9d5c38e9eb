// Ready-made calls with the token in its header, in the languages that owners use. Every text is
// quoted by the rules of where it is pasted, so that no shell and no compiler eats a character.
// Pure.

export interface Target {
  gate: string; // base URL of the gate: https://api.example.com
  instance: string;
  header: string; // Client-Token
  token: string;
  // Where a gated call goes: `{instance}` and, where the instance has one, `{instance_token}`.
  path?: string;
  // Stands for the instance token, of which only a digest is known: INSTANCE_TOKEN.
  instance_token?: string;
}

export interface Snippet {
  id: string;
  label: string;
  text: string;
}

export const kPath = '/instances/{instance}/status';
export const kPathWithInstanceToken = '/instances/{instance}/token/{instance_token}/status';

// The path of an example: what the gate is configured for, where that is known.
export function path_for(pattern: string | undefined, has_instance_token: boolean): string {
  if (!pattern?.includes('{instance}')) return has_instance_token ? kPathWithInstanceToken : kPath;
  return pattern.replace(/\/\*$/, '/status').replaceAll('{_}', 'x');
}

// Everything but unreserved characters is escaped: an id may hold any UTF-8.
function segment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function url_of(target: Target): string {
  const path = (target.path ?? kPath)
    .replaceAll('{instance}', () => segment(target.instance))
    .replaceAll('{instance_token}', () => target.instance_token ?? 'INSTANCE_TOKEN');
  return target.gate.replace(/\/+$/, '') + path;
}

// POSIX shells: nothing is special between single quotes, not even ! of an interactive shell.
export function quote_sh(text: string): string {
  return `'${text.replaceAll("'", () => "'\\''")}'`;
}

// PowerShell takes typographic single quotes for plain ones.
export function quote_powershell(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, (c) => c + c)}'`;
}

export function quote_php(text: string): string {
  return `'${text.replace(/[\\']/g, (c) => `\\${c}`)}'`;
}

type Escape = (code_point: number) => string;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

// "…" with \" and \\; what is not visible ASCII is named by its number, so that neither the
// encoding of the file nor that of the terminal matters.
function quote_double(text: string, escape: Escape): string {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0;
    if (c === '"' || c === '\\') out += `\\${c}`;
    else out += code >= 0x20 && code < 0x7f ? c : escape(code);
  }
  return `${out}"`;
}

// UTF-16 units, as JavaScript, JSON and C# write them.
const utf16: Escape = (code) =>
  Array.from(String.fromCodePoint(code).split(''), (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join('');
// Whole code points, as Python and Go write them.
const utf32: Escape = (code) => (code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`);

export const quote_js = (text: string): string => quote_double(text, utf16);
export const quote_csharp = quote_js;
export const quote_python = (text: string): string => quote_double(text, utf32);
export const quote_go = quote_python;

// n8n takes a value that begins with "=" for an expression, and within one }} for its end.
export function n8n_value(text: string): string {
  if (!text.startsWith('=')) return text;
  return `={{ ${quote_js(text).replaceAll('}', '\\u007d')} }}`;
}

export function curl(target: Target): string {
  const header = quote_sh(`${target.header}: ${target.token}`);
  return `curl -i ${quote_sh(url_of(target))} \\\n  -H ${header}`;
}

export function curl_without(target: Target): string {
  return `curl -i ${quote_sh(url_of(target))}`;
}

function powershell(target: Target): string {
  const headers = `@{ ${quote_powershell(target.header)} = ${quote_powershell(target.token)} }`;
  return `Invoke-RestMethod -Uri ${quote_powershell(url_of(target))} \`\n  -Headers ${headers}`;
}

function node(target: Target): string {
  return `const response = await fetch(${quote_js(url_of(target))}, {
  headers: { ${quote_js(target.header)}: ${quote_js(target.token)} },
});
console.log(response.status, await response.text());`;
}

function php(target: Target): string {
  return `<?php
$curl = curl_init(${quote_php(url_of(target))});
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => [${quote_php(`${target.header}: ${target.token}`)}],
    CURLOPT_RETURNTRANSFER => true,
]);
echo curl_exec($curl);`;
}

function python(target: Target): string {
  return `import requests

response = requests.get(
    ${quote_python(url_of(target))},
    headers={${quote_python(target.header)}: ${quote_python(target.token)}},
    timeout=30,
)
print(response.status_code, response.text)`;
}

function go(target: Target): string {
  return `package main

import (
	"fmt"
	"io"
	"net/http"
)

func main() {
	request, err := http.NewRequest("GET", ${quote_go(url_of(target))}, nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set(${quote_go(target.header)}, ${quote_go(target.token)})
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(body))
}`;
}

function csharp(target: Target): string {
  return `using var client = new HttpClient();
using var request = new HttpRequestMessage(
    HttpMethod.Get, ${quote_csharp(url_of(target))});
request.Headers.TryAddWithoutValidation(
    ${quote_csharp(target.header)}, ${quote_csharp(target.token)});
using var response = await client.SendAsync(request);
Console.WriteLine((int)response.StatusCode);
Console.WriteLine(await response.Content.ReadAsStringAsync());`;
}

// A node to paste onto n8n's canvas.
function n8n(target: Target): string {
  const node = {
    parameters: {
      url: n8n_value(url_of(target)),
      sendHeaders: true,
      headerParameters: { parameters: [{ name: target.header, value: n8n_value(target.token) }] },
      options: {},
    },
    name: 'Client-Token',
    type: 'n8n-nodes-base.httpRequest',
    typeVersion: 4.2,
    position: [0, 0],
  };
  return JSON.stringify({ nodes: [node], connections: {} }, null, 2);
}

export function snippets(target: Target): Snippet[] {
  return [
    { id: 'curl', label: 'curl', text: curl(target) },
    { id: 'node', label: 'Node.js', text: node(target) },
    { id: 'php', label: 'PHP', text: php(target) },
    { id: 'python', label: 'Python', text: python(target) },
    { id: 'go', label: 'Go', text: go(target) },
    { id: 'csharp', label: 'C#', text: csharp(target) },
    { id: 'n8n', label: 'n8n', text: n8n(target) },
    { id: 'powershell', label: 'PowerShell', text: powershell(target) },
  ];
}
