// The population in each gate's own form, kept in build/bench/ for the next run: Guarita's
// database, filled through `guarita apply`, and the peers' maps. The rows come from
// bench_population, which makes the same ones every time.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { bin, finish, machine, out, start, stop, waitFor } from './machine.mjs';
import { memoryKib } from './measure.mjs';

export const populationFolder = (instances) => join(out, `population-${instances}`);

function write(form, instances, file) {
  if (existsSync(file)) return file;
  const done = spawnSync('sh', ['-c', '"$0" "$1" 0 "$2" > "$3"', bin('bench_population'), form, instances, `${file}.new`], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`bench_population ${form}: ${done.stderr}`);
  renameSync(`${file}.new`, file);
  return file;
}

export const mapFile = (gate, instances) => write(gate, instances, join(out, `${gate}-${instances}.map`));

// [{instance, account, token}]
export const firstRows = (count) => spawnSync(bin('bench_population'), ['list', '0', String(count)], { encoding: 'utf8' })
  .stdout.trim().split('\n').map((line) => {
    const [instance, account, token] = line.split(' ');
    return { instance, account, token };
  });

// A server without traffic on the population's database; `use` gets it and the admin socket.
export async function withAdmin(instances, use, cpu = '0,1') {
  const folder = populationFolder(instances);
  const socket = join(folder, 'guarita.sock');
  rmSync(socket, { force: true });
  writeFileSync(join(folder, 'admin.toml'), `[gate]\nlisten = ["127.0.0.1:0"]\n[console]\nlisten = "off"\n[status]\nlisten = "off"\n[admin]\nsocket = "${socket}"\n[store]\nsqlite = "${join(folder, 'guarita.db')}"\n[upstream]\ndefault = "http://127.0.0.1:9"\n`);
  const server = start(cpu, bin('guarita'), ['serve', '--config', join(folder, 'admin.toml')]);
  try {
    await waitFor({ path: socket }, server, 600);
    return await use(server, socket);
  } finally {
    await stop(server);
  }
}

// Fills the database once. Gives what the import cost, and the commit that imported:
// {instances, seconds, rate, rss_mib, database_mib, commit}.
export async function ensurePopulation(instances) {
  const folder = populationFolder(instances);
  const receipt = join(folder, 'import.json');
  if (existsSync(receipt)) return JSON.parse(readFileSync(receipt, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`making ${instances.toLocaleString('en')} instances (once)\n`);
  const rows = write('apply', instances, join(folder, 'rows.jsonl'));
  const result = await withAdmin(instances, async (server, socket) => {
    const began = process.hrtime.bigint();
    process.env.GUARITA_SOCKET = socket;
    await finish(start('0,1', bin('guarita'), ['apply', rows]));
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    return { instances, seconds, rate: instances / seconds, rss_mib: memoryKib(server.pid).rss / 1024, commit: machine().commit };
  });
  rmSync(rows);
  result.database_mib = statSync(join(folder, 'guarita.db')).size / 2 ** 20;
  writeFileSync(receipt, `${JSON.stringify(result)}\n`);
  return result;
}
