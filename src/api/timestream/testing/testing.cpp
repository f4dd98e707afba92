// SPDX-License-Identifier: Apache-2.0
// Compiles the test support once, so that its headers stay self-contained.
#include "api/timestream/testing/fake_engine.h"
#include "api/timestream/testing/fixture.h"
#include "api/timestream/testing/memory_sink.h"
