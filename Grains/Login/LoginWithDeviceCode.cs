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
                () => Open(request with { Offline = !request.Administers }, identity, code, cancellation), cancellation),
            { Outcome: var outcome } => DeviceLogins.Refused(outcome),
        };
    }

    /// <summary>What the person did is used up when the session is there, and not when that cannot be had now.</summary>
    private async ValueTask<LoginResult> Open(
        LoginRequest request, VerifiedIdentity identity, DeviceCode code, CancellationToken cancellation)
    {
        var result = await issuer.Open(request, Verdict.Proved(identity), cancellation);
        if (result.Status is LoginStatus.Granted or LoginStatus.Rejected)
        {
            try
            {
                await devices.End(request.Tenant, code);
            }
            catch (Exception)
            {
                // The session is there; the approval ends by itself within minutes.
            }
        }

        return result;
    }
}
