using System.Text.Json;
using System.Text.Json.Serialization;

namespace RegistryProxy.Gateway.Pages;

/// <summary>What the page knows of whoever looks at it.</summary>
/// <param name="Tenant">Whose registry it is.</param>
/// <param name="Registry">Host, and port where it is not the usual one, as image names begin with it.</param>
/// <param name="Token">Goes with every change, against forged requests.</param>
/// <param name="IsPrivate">Whether nobody on the way reads a password.</param>
/// <param name="AllowsAnonymous">Whether something may be pulled without a login.</param>
/// <param name="TakesPasswords">Whether people log in with a user name and a password.</param>
/// <param name="Providers">The logins by single sign-on.</param>
/// <param name="You">Who logged in; <c>null</c> for nobody.</param>
/// <param name="Administration">How the tenant is administered; <c>null</c> when nobody does.</param>
internal sealed record PageState(
    string Tenant, string Registry, string Token, bool IsPrivate, bool AllowsAnonymous, bool TakesPasswords,
    IReadOnlyList<string> Providers, PagePerson? You, PageAdministration? Administration);

/// <summary>Somebody who logged in on the page.</summary>
internal sealed record PagePerson(string Subject, string? Authenticator);

/// <summary>The administration of the tenant.</summary>
/// <param name="TakesPasswords">Whether an administrator logs in with a user name and a password.</param>
/// <param name="Providers">Their logins by single sign-on.</param>
/// <param name="IsOpen">Whether somebody has, a moment ago.</param>
internal sealed record PageAdministration(bool TakesPasswords, IReadOnlyList<string> Providers, bool IsOpen);

/// <summary>A login, as the page sends it.</summary>
internal sealed record PageLoginForm(string User, string Password);

/// <summary>A session to end, as the page sends it.</summary>
internal sealed record PageRevocation(string Session);

/// <summary>How many sessions were ended.</summary>
internal sealed record PageRevoked(int Revoked);

/// <summary>One session of whoever asks.</summary>
internal sealed record PageOwnSession(
    string Session, DateTimeOffset Opened, DateTimeOffset Expires, string ClientAddress, bool Refreshable, bool IsThis);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PageState))]
[JsonSerializable(typeof(PageLoginForm))]
[JsonSerializable(typeof(PageRevocation))]
[JsonSerializable(typeof(PageRevoked))]
[JsonSerializable(typeof(PageOwnSession[]))]
internal sealed partial class PageJson : JsonSerializerContext;
