using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Login;

/// <summary>What a browser logs in for. It goes with the sealed login in the cookie, and opens nothing by itself.</summary>
/// <param name="Word">As the address says it.</param>
internal sealed record LoginPurpose(string Word)
{
    /// <summary>A line for docker, or a device that waits.</summary>
    public static LoginPurpose Client { get; } = new("");

    /// <summary>The page for people.</summary>
    public static LoginPurpose Page { get; } = new("page");

    /// <summary>The administration of the tenant, on that page.</summary>
    public static LoginPurpose Administration { get; } = new("administration");

    /// <summary>What a word means for a tenant; <c>null</c> when it means nothing there.</summary>
    public static LoginPurpose? Named(string? word, Tenant tenant) => word switch
    {
        null or "" => Client,
        "page" when tenant.HasPage => Page,
        "administration" when tenant.HasPage && tenant.HasAdministrators => Administration,
        _ => null,
    };

    /// <summary>The authenticators of a tenant with which a browser logs in for that.</summary>
    public IReadOnlyList<string> LoginsOf(Tenant tenant) =>
        this == Administration ? tenant.AdministratorLogins : tenant.IsUnusable ? [] : tenant.InteractiveLogins;

    /// <summary>The cookie of a login that begins.</summary>
    public string Mark(Secret flow) => Word.Length == 0 ? flow.Reveal() : $"{Word}.{flow.Reveal()}";

    /// <summary>What a cookie says; no login when it says nothing.</summary>
    public static (LoginPurpose Purpose, Secret? Flow) Read(string? cookie, Tenant tenant)
    {
        if (string.IsNullOrEmpty(cookie))
        {
            return (Client, null);
        }

        var dot = cookie.IndexOf('.', StringComparison.Ordinal);
        var purpose = Named(dot < 0 ? null : cookie[..dot], tenant);
        return purpose is null ? (Client, null) : (purpose, new Secret(cookie[(dot + 1)..]));
    }
}
