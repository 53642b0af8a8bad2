namespace RegistryProxy.Tests.Upstreams;

/// <summary>Configurations whose upstreams have credentials of the test's.</summary>
internal static class PrincipalYaml
{
    /// <summary>Upstreams <c>up0</c>, <c>up1</c> … of one registry, each under its name, open to everybody.</summary>
    public static string Of(string registry, params string[] credentials) => $$"""
        upstreams:
        {{string.Concat(credentials.Select((text, number) => $"  up{number}: {{ url: \"{registry}\", allowPrivate: true, credentials: " +
            $"{{ {text} }} }}\n"))}}
        tenants:
          acme:
            hosts: ["*"]
            routes: [{{string.Join(", ", credentials.Select((_, number) => $"{{ prefix: up{number}, upstream: up{number} }}"))}}]
            access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull, push] }]
        """;
}
