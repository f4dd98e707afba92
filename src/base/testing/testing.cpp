// SPDX-License-Identifier: Apache-2.0
// Proves that the headers of base/testing compile alone.
#include "base/testing/seed.h"
#include "base/testing/semaphore.h"
#include "base/testing/temp_dir.h"
#include "base/testing/zone_files.h"
