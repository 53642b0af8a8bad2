using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>How long what a caller presents may be, in characters; what is longer is refused before anybody is asked about it.</summary>
internal static class LoginBounds
{
    public const int MaxUserName = 256;

    /// <summary>Far beyond what people have; bcrypt takes 72 bytes.</summary>
    public const int MaxPassword = 4096;

    /// <summary>The name of an authenticator or a client.</summary>
    public const int MaxName = 128;

    /// <summary>Credential text of a machine or workload: a signed document, a presigned request or a JWT.</summary>
    public const int MaxAssertion = 48 * 1024;

    /// <summary>A refresh token or device code of ours.</summary>
    public const int MaxIssued = 4096;

    /// <summary>The name of the service: a host and port.</summary>
    public const int MaxService = 261;

    /// <summary>Why a request goes no further; <c>null</c> when it may.</summary>
    public static DistributionError? Refuse(TokenRequest request)
    {
        var (kind, name, secret) = request.Credentials;
        var (maxName, maxSecret) = kind switch
        {
            LoginCredentialsKind.Password => (MaxUserName, MaxPassword),
            LoginCredentialsKind.Assertion => (MaxName, MaxAssertion),
            _ => (MaxName, MaxIssued),
        };
        return name.Length > maxName ? TooLong("the user name", maxName)
            : secret?.Reveal().Length > maxSecret ? TooLong("the password or token", maxSecret)
            : request.Service?.Length > MaxService ? TooLong("the service", MaxService)
            : request.Client?.Length > MaxName ? TooLong("client_id", MaxName)
            : null;
    }

    private static DistributionError TooLong(string what, int length) =>
        DistributionError.Unsupported($"{what} is longer than {length} characters", StatusCodes.Status400BadRequest);
}
