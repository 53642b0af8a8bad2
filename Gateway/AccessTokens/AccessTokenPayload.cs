using System.Text.Json;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.AccessTokens;

/// <summary>The claims of an access token (distribution, spec/auth/jwt.md, with the session and its generation).</summary>
internal static class AccessTokenPayload
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The token; <c>null</c> when a claim is missing, of another kind, or the life is longer than may be issued.</summary>
    public static AccessToken? Read(byte[] payload, TimeSpan accessLifetime)
    {
        try
        {
            using var document = JsonDocument.Parse(payload, Strict);
            var token = Read(document.RootElement);
            return token.Expires - token.IssuedAt <= accessLifetime && token.Expires > token.IssuedAt ? token : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>Whether the issuer of some claims is a cluster like this one.</summary>
    public static bool IsIssuedHere(byte[] payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(AccessTokenClaims.Issuer, out var issuer) && issuer.ValueKind == JsonValueKind.String
                && issuer.GetString()!.StartsWith(AccessTokenClaims.IssuerPrefix, StringComparison.Ordinal);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static AccessToken Read(JsonElement claims)
    {
        var issuer = Text(claims, AccessTokenClaims.Issuer);
        if (!issuer.StartsWith(AccessTokenClaims.IssuerPrefix, StringComparison.Ordinal))
        {
            throw new FormatException("foreign issuer");
        }

        var tenant = issuer[AccessTokenClaims.IssuerPrefix.Length..];
        var subject = Text(claims, AccessTokenClaims.Subject);
        return new AccessToken
        {
            Tenant = tenant,
            Service = Text(claims, AccessTokenClaims.Audience),
            Subject = subject,
            Session = subject.Length == 0 ? null : ReadSession(claims, tenant, subject),
            Access = ReadAccess(claims),
            Administers = subject.Length > 0 && Administers(claims, tenant),
            IssuedAt = Time(claims, AccessTokenClaims.IssuedAt),
            NotBefore = Time(claims, AccessTokenClaims.NotBefore),
            Expires = Time(claims, AccessTokenClaims.Expires),
        };
    }

    private static SessionReference ReadSession(JsonElement claims, string tenant, string subject) => new(
        new SessionKey(tenant, Text(claims, AccessTokenClaims.Authenticator), subject).ToString(),
        Text(claims, AccessTokenClaims.Session),
        claims.GetProperty(AccessTokenClaims.Generation).GetInt64());

    private static List<Scope> ReadAccess(JsonElement claims)
    {
        List<Scope> access = [];
        foreach (var entry in claims.GetProperty(AccessTokenClaims.Access).EnumerateArray())
        {
            var actions = string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()));
            if (Scope.TryParse($"{Text(entry, "type")}:{Text(entry, "name")}:{actions}", out var scope))
            {
                access.Add(scope);
            }
        }

        return access;
    }

    private static bool Administers(JsonElement claims, string tenant)
    {
        foreach (var entry in claims.GetProperty(AccessTokenClaims.Access).EnumerateArray())
        {
            if (entry.GetProperty("type").ValueEquals(AdministrationScope.Type) && entry.GetProperty("name").ValueEquals(tenant)
                && entry.GetProperty("actions").EnumerateArray().Any(action => action.ValueEquals(AdministrationScope.Action)))
            {
                return true;
            }
        }

        return false;
    }

    private static DateTimeOffset Time(JsonElement claims, string name) =>
        UnixTime.OfSeconds(claims.GetProperty(name).GetInt64());

    private static string Text(JsonElement claims, string name) =>
        claims.GetProperty(name).GetString() ?? throw new FormatException("a claim is null");
}
