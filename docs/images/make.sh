#!/usr/bin/env bash
# Makes the pictures of the operations page and of the page for people anew, from the seeded pages that the tests show to Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
REGISTRYPROXY_SCREENSHOTS="$PWD/docs/images" ./test.sh -method "*Pictures_for_the_documents_can_be_made"
