// A small certificate authority by the openssl command line: P-256, files in one folder.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(...args) {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

export class Authority {
  constructor(folder, name = 'ca') {
    this.folder = folder;
    this.key = join(folder, `${name}.key`);
    this.file = join(folder, `${name}.pem`);
    openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', this.key);
    openssl('req', '-x509', '-new', '-key', this.key, '-subj', '/CN=test authority', '-days', '30', '-out', this.file);
    this.certificate = readFileSync(this.file);
  }

  // A leaf as FILE.pem (with the authority behind it) and FILE.key. The same file again is a
  // renewal: a new key and serial under the old names. Gives { certificate, key, serial }.
  issue(file, { names = ['localhost'], days = 30 } = {}) {
    const at = (ending) => join(this.folder, `${file}.${ending}`);
    openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', at('key'));
    openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${names[0]}`, '-out', at('csr'));
    writeFileSync(at('ext'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`);
    const leaf = openssl('x509', '-req', '-in', at('csr'), '-CA', this.file, '-CAkey', this.key,
      '-set_serial', `0x1${randomBytes(8).toString('hex')}`,
      '-days', String(days), '-extfile', at('ext'));
    writeFileSync(at('pem'), leaf + this.certificate.toString());
    const serial = openssl('x509', '-in', at('pem'), '-noout', '-serial').trim().replace('serial=', '');
    return { certificate: at('pem'), key: at('key'), serial };
  }
}
