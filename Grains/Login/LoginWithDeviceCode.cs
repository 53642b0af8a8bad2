using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>The polls of a device that waits for a person to log in elsewhere (RFC 8628 section 3.4).</summary>
internal sealed class LoginWithDeviceCode(DeviceLogins devices, LoginVerifier verifier, AccessTokenIssuer issuer)
{
    public async ValueTask<LoginResult> Try(LoginRequest request, Secret text, CancellationToken cancellation)
    {
        if (!DeviceCode.TryParse(text, out var code))
        {
            return DeviceLogins.Refused(DeviceOutcome.Expired);
        }

        // What nobody was told of when the device began it does not get now.
        request = request with { Administers = request.Administers && DeviceUserCode.Administers(code.UserCode) };
        return await devices.Poll(request.Tenant, code, request.ClientAddress, cancellation) switch
        {
            null => AccessTokenIssuer.Failure(Verdict.TooMany),
            { Identity: { } identity } => await verifier.Conclude(
                () => issuer.Open(request with { Offline = !request.Administers }, Verdict.Proved(identity), cancellation), cancellation),
            { Outcome: var outcome } => DeviceLogins.Refused(outcome),
        };
    }
}
