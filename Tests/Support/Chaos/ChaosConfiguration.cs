using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>The files of the members of a <see cref="ChaosCluster"/>.</summary>
internal static class ChaosConfiguration
{
    public static string Gateway(ChaosCluster cluster, string clusterExtra) =>
        $$"""cluster: { provider: redis, redis: { connection: "{{cluster.Redis.Connection}}" }{{clusterExtra}} }""";

    public static string Silo(ChaosCluster cluster, string clusterExtra, string stateKey, string htpasswd, bool caches) => $$"""
        revision: 1
        cache: { path: cache }
        cluster:
          { provider: redis, redis: { connection: "{{cluster.Redis.Connection}}" },
            siloPort: {{FreePort.Next()}}, gatewayPort: {{FreePort.Next()}}{{clusterExtra}} }
        state:
          provider: redis
          redis: { connection: "{{cluster.Redis.Connection}}" }
          encryptionKeys: [{ id: k1, key: { value: "{{stateKey}}" } }]
        upstreams:
          local:
            url: "{{cluster.Registry.Url}}"
            allowPrivate: true
            credentials: { type: basic, username: {{DockerRegistry.User}}, password: { value: {{DockerRegistry.Password}} } }
        authenticators:
          staff: { type: htpasswd, file: "{{htpasswd}}" }
        tenants:
          {{ChaosCluster.Tenant}}:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: local{{(caches ? ", cache: true" : "")}} }
            access:
              - { name: pullers, who: [authenticated], repositories: ["**"], actions: [pull] }
              - { name: publishers, who: ["user:{{ChaosCluster.Publisher}}"], repositories: ["**"], actions: [pull, push, delete] }
        """;
}
