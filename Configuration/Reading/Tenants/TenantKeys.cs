using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>What the part of a tenant may say. Whatever is not listed here is refused, whichever reader asks for it.</summary>
internal static class TenantKeys
{
    /// <summary>How many routes, or access rules, the part of a tenant may have.</summary>
    public const int MaxRights = 5000;

    /// <summary>How many clusters an authenticator may have that a tenant defines.</summary>
    public const int MaxClusters = 200;

    private static readonly KeyRules Secret = Map("file", "value");

    private static readonly KeyRules Credentials = KeyRules.Map(Reason,
    [
        .. Plain("type", "username", "region", "public", "accessKeyId", "roleArn", "externalId", "sessionName", "keyFile", "tenantId",
            "clientId"),
        ("roles", Map("roleArn", "externalId", "sessionName")),
        .. new[] { "password", "token", "secretAccessKey", "sessionToken", "clientSecret" }.Select(key => (key, Secret)),
    ]);

    private static readonly KeyRules Upstream = KeyRules.Map(Reason,
    [
        .. Plain("preset", "url", "officialPrefix", "realms", "redirects", "redirectHosts"),
        ("credentials", Credentials),
        ("tls", KeyRules.Map(Reason, [.. Plain("certificate", "key"), ("ca", Map("inline"))])),
    ]);

    private static readonly KeyRules Authenticator = KeyRules.Map(Reason,
    [
        .. Plain("type", "groups", "url", "startTls", "allowPlaintext", "bindDn", "baseDn", "userFilter", "userDn",
            "groupBaseDn", "groupFilter", "groupAttribute", "issuer", "audience", "require", "allowAnySubject", "subjectClaim",
            "groupsClaim", "clientId", "scopes", "projects", "accounts", "serverId", "regions", "certificates", "maxAge", "subscriptions",
            "roots", "endpoint", "certificate", "key"),
        ("file", Map("value")),
        ("ca", Map("inline")),
        ("jwks", Map("file", "inline")),
        ("clusters", KeyRules.Names(KeyRules.Map(Reason,
        [
            .. Plain("issuer", "endpoint", "require"), ("jwks", Map("file", "inline")), ("ca", Map("inline")),
        ])).Holding(MaxClusters)),
        ("bindPassword", Secret),
        ("clientSecret", Secret),
    ]);

    /// <summary>The whole part.</summary>
    public static KeyRules Part { get; } = KeyRules.Map(Reason,
    [
        .. Plain("authenticators", "namespaces", "page", "cors"),
        ("routes", Map("prefix", "upstream", "rewrite", "redirects", "fallbackOn", "cache", "ranges").Holding(MaxRights)),
        ("access", KeyRules.Map(Reason,
        [
            .. Plain("name", "when", "actions"),
            .. new[] { "who", "repositories" }.Select(key => (key, KeyRules.Values.Holding(PartBounds.MaxOfEach))),
        ]).Holding(MaxRights)),
        ("define", KeyRules.Map(Reason, ("upstreams", KeyRules.Names(Upstream)), ("authenticators", KeyRules.Names(Authenticator)))),
    ]);

    private static KeyRules Map(params string[] keys) => KeyRules.Map(Reason, Plain(keys));

    private static IEnumerable<(string Key, KeyRules Below)> Plain(params string[] keys) => keys.Select(key => (key, KeyRules.Values));

    private static string? Reason(string key) => key switch
    {
        "env" => "the environment of the process is the operator's; a tenant's part may have { file: PATH } and { value: TEXT }",
        "allowPrivate" => "loopback and private addresses are the operator's: a tenant's part reaches public ones alone",
        "proxy" => "the way out is the operator's, who says it by egress.proxy",
        "sharesContentWith" => "what a tenant defines shares its content with nothing else",
        "command" or "server" or "lifetime" => "programs of this machine are the operator's",
        "webIdentityTokenFile" or "federatedTokenFile" or "metadataEndpoint" => "the cloud identity of this machine is the operator's",
        _ => null,
    };
}
