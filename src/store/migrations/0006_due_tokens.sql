-- Every second the server asks which tokens' time has come: few have one, and none but those is read.

CREATE INDEX tokens_to_expire ON tokens (expires_ms) WHERE ended_ms IS NULL AND expires_ms IS NOT NULL;
CREATE INDEX tokens_to_retire ON tokens (retires_ms) WHERE ended_ms IS NULL AND retires_ms IS NOT NULL;
