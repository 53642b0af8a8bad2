using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>Names an identity: tenant × authenticator × subject. The key of <see cref="ISessionGrain"/>.</summary>
[GenerateSerializer, Immutable, Alias("rp.session-key")]
public sealed record SessionKey(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Authenticator,
    [property: Id(2)] string Subject)
{
    /// <summary>Reads a grain key; subjects may hold slashes, tenants and authenticators never do.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SessionKey? key)
    {
        key = null;
        var parts = text.Split('/', 3);
        if (parts.Length == 3)
        {
            key = new SessionKey(parts[0], parts[1], parts[2]);
        }

        return key is not null;
    }

    /// <summary>The grain key, <c>tenant/authenticator/subject</c>.</summary>
    public override string ToString() => $"{Tenant}/{Authenticator}/{Subject}";
}
