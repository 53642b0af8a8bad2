namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Configurations of front doors.</summary>
internal static class DoorConfiguration
{
    /// <summary>
    /// The one of the shared door. alice may do everything below team-a and public, bob may pull team-a, carol has no rule of her own;
    /// everybody may pull public. Names below basic lead to the registry with a password, below rewritten to other names.
    /// </summary>
    public static string Shared(DockerRegistry open, DockerRegistry basic) => $$"""
        upstreams:
          open: { url: "{{open.Url}}", allowPrivate: true }
          basic:
            url: "{{basic.Url}}"
            allowPrivate: true
            credentials: { type: basic, username: {{DockerRegistry.User}}, password: { value: {{DockerRegistry.Password}} } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice, bob] } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: open }
              - { prefix: basic, upstream: basic }
              - { prefix: rewritten, upstream: open, rewrite: deep/inside }
            namespaces: { mirror.example: rewritten }
            access:
              - { name: public, who: [anonymous], repositories: ["public/**", "rewritten/public/**"], actions: [pull] }
              - { name: writers, who: ["user:alice"], repositories: ["team-a/**", "public/**", "basic/**", "rewritten/**"], actions: [pull, push, delete, catalog] }
              - { name: readers, who: ["group:dev"], repositories: ["team-a/**", "basic/**"], actions: [pull] }
              - { name: dave, who: ["user:dave"], repositories: ["team-d/**"], actions: [pull, push, delete] }
        """;

    /// <summary>One upstream under one tenant, everything allowed to alice and everybody may pull.</summary>
    public static string Single(string upstreamUrl, string extraUpstream = "", string extra = "", string extraRoute = "") => $$"""
        {{extra}}
        upstreams:
          local: { url: "{{upstreamUrl}}", allowPrivate: true{{extraUpstream}} }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: local{{extraRoute}} }
            access:
              - { name: everybody, who: [anonymous], repositories: ["**"], actions: [pull] }
              - { name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push, delete, catalog] }
        """;
}
