# Multi-platform images, each with an SBOM and its provenance attached. The target nodeagent compiles native code and needs a builder with a node
# for each platform; it is not made by default. From the root of the repository:
#   REGISTRY=registry.acme.example/registryproxy VERSION=0.1.0 docker buildx bake -f deploy/docker-bake.hcl --push

variable "REGISTRY" { default = "registryproxy" }
variable "VERSION" { default = "0.1.0" }

group "default" { targets = ["silo", "gateway", "standalone"] }

target "image" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
}

target "silo" {
  inherits   = ["image"]
  dockerfile = "deploy/Dockerfile"
  args       = { HOST = "Silo" }
  tags       = ["${REGISTRY}-silo:${VERSION}"]
}

target "gateway" {
  inherits   = ["image"]
  dockerfile = "deploy/Dockerfile"
  args       = { HOST = "Gateway" }
  tags       = ["${REGISTRY}-gateway:${VERSION}"]
}

target "standalone" {
  inherits   = ["image"]
  dockerfile = "deploy/Dockerfile"
  args       = { HOST = "Standalone" }
  tags       = ["${REGISTRY}-standalone:${VERSION}"]
}

target "nodeagent" {
  inherits   = ["image"]
  dockerfile = "deploy/nodeagent/Dockerfile"
  tags       = ["${REGISTRY}-nodeagent:${VERSION}"]
}
