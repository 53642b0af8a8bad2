using Orleans.CodeGeneration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Login of people by browser (OpenID Connect Core 1.0 §3.1 with PKCE, RFC 7636) and by device (RFC 8628): the silo holds the client
/// secret and speaks to the provider. A stateless worker; the key is always 0.
/// </summary>
[Version(0), Alias("rp.IPeopleLoginGrain")]
public interface IInteractiveLoginGrain : IGrainWithIntegerKey
{
    /// <summary>Where to send the browser, and what it must bring back.</summary>
    [Alias("Begin"), ResponseTimeout("00:00:08")]
    ValueTask<InteractiveLoginStart> Begin(InteractiveLoginRequest request, CancellationToken cancellation = default);

    /// <summary>Redeems the code with which the browser came back. Granted with a refresh token, unless it was for a device.</summary>
    [Alias("Finish"), ResponseTimeout(LoginTimes.LoginCall)]
    ValueTask<LoginResult> Finish(InteractiveLoginReply reply, CancellationToken cancellation = default);

    /// <summary>Starts the login of a device; <c>null</c> when this address, or all together, started too many.</summary>
    [Alias("BeginDevice"), ResponseTimeout("00:00:04")]
    ValueTask<DeviceLoginStart?> BeginDevice(string tenant, string clientAddress, CancellationToken cancellation = default);

    /// <summary>
    /// The same; <paramref name="administers"/> says whether it is for the administration of the tenant (<see cref="DeviceUserCode"/>).
    /// </summary>
    [Alias("BeginDeviceLogin"), ResponseTimeout("00:00:04")]
    ValueTask<DeviceLoginStart?> BeginDeviceLogin(
        string tenant, string clientAddress, bool administers, CancellationToken cancellation = default);

    /// <summary>Looks for the device with this user code. Codes that are nobody's are budgeted per address and in all.</summary>
    [Alias("SearchDevice"), ResponseTimeout("00:00:04")]
    ValueTask<DeviceSearch> SearchDevice(string tenant, string userCode, string clientAddress, CancellationToken cancellation = default);

    /// <summary>As <see cref="SearchDevice"/>, for gateways of an older version: the address of the device, or <c>null</c>.</summary>
    [Alias("FindDevice"), ResponseTimeout("00:00:05")]
    ValueTask<string?> FindDevice(string tenant, string userCode, CancellationToken cancellation = default);
}

/// <summary>What became of a search for a device.</summary>
/// <param name="Address">From where the device asked; <c>null</c> when no device waits for the code.</param>
/// <param name="Throttled">Nobody looked: too many codes were nobody's of late.</param>
[GenerateSerializer, Immutable, Alias("rp.device-search")]
public sealed record DeviceSearch([property: Id(0)] string? Address, [property: Id(1)] bool Throttled);

/// <summary>A browser wants to log in.</summary>
/// <param name="Tenant">The tenant of the host.</param>
/// <param name="Authenticator">One of the tenant's that lets people in.</param>
/// <param name="Callback">
/// The absolute address to which the provider sends the browser back. Of a provider that the tenant defines itself its name may follow:
/// <c>/login/callback/NAME</c>.
/// </param>
/// <param name="UserCode">The device that the login is for; <c>null</c> for the browser's own.</param>
/// <param name="Administers">Whether it is for the administration of the tenant.</param>
[GenerateSerializer, Immutable, Alias("rp.people-login-request")]
public sealed record InteractiveLoginRequest(
    [property: Id(0)] string Tenant, [property: Id(1)] string Authenticator, [property: Id(2)] string Callback,
    [property: Id(3)] string? UserCode, [property: Id(4)] bool Administers = false);

/// <summary>How a login begins.</summary>
/// <param name="Address">The provider's authorization endpoint with its query; <c>null</c> when it cannot be had.</param>
/// <param name="Flow">What the browser keeps in a cookie until it comes back, sealed.</param>
/// <param name="Message">For people, when there is no address.</param>
[GenerateSerializer, Immutable, Alias("rp.people-login-start")]
public sealed record InteractiveLoginStart(
    [property: Id(0)] Uri? Address, [property: Id(1)] Secret? Flow, [property: Id(2)] string Message);

/// <summary>A browser came back from the provider.</summary>
[GenerateSerializer, Immutable, Alias("rp.people-login-reply")]
public sealed record InteractiveLoginReply
{
    [Id(0)]
    public required string Tenant { get; init; }

    /// <summary>The tenant's service name.</summary>
    [Id(1)]
    public required string Service { get; init; }

    /// <summary>The absolute address to which the browser came.</summary>
    [Id(2)]
    public required string Callback { get; init; }

    /// <summary>The cookie.</summary>
    [Id(3)]
    public required Secret Flow { get; init; }

    [Id(4)]
    public required string State { get; init; }

    [Id(5)]
    public required Secret Code { get; init; }

    [Id(6)]
    public string ClientAddress { get; init; } = "";

    /// <summary>The longest that the session may last, in seconds; <c>null</c> for as long as the configuration allows.</summary>
    [Id(7)]
    public int? MaxLifetime { get; init; }

    /// <summary>
    /// The <c>iss</c> with which the browser came back (RFC 9207 §2); empty when there was none, <c>null</c> from a gateway that does not
    /// look.
    /// </summary>
    [Id(8)]
    public string? Issuer { get; init; }
}

/// <summary>The login of a device (RFC 8628 §3.2).</summary>
/// <param name="DeviceCode">What the device polls with.</param>
/// <param name="UserCode">What a person types, <c>XXXX-XXXX</c>.</param>
/// <param name="ExpiresIn">Seconds.</param>
/// <param name="Interval">Seconds between two polls.</param>
[GenerateSerializer, Immutable, Alias("rp.device-login-start")]
public sealed record DeviceLoginStart(
    [property: Id(0)] Secret DeviceCode, [property: Id(1)] string UserCode, [property: Id(2)] int ExpiresIn,
    [property: Id(3)] int Interval);
