#!/usr/bin/env bash
# Makes the pictures of the operations page anew, from the seeded page that the tests show to Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
REGISTRYPROXY_SCREENSHOTS="$PWD/docs/images" ./test.sh -method "*Pictures_for_the_documents_can_be_made"
