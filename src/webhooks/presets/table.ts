// All presets that this version verifies, by name.

import type { BuiltPreset } from "../../vocabulary";
import { basic } from "./basic";
import { bearer } from "./bearer";
import { github } from "./github";
import { hmac } from "./hmac";
import type { PresetRow } from "./preset";

export const PRESET_ROWS: Record<BuiltPreset, PresetRow> = { basic, bearer, github, hmac };
