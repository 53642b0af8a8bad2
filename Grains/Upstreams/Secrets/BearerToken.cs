using System.Buffers;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Secrets;

/// <summary>What is taken for a bearer token, and how long it is used.</summary>
internal static class BearerToken
{
    private static readonly TimeSpan MinLife = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxLife = TimeSpan.FromHours(1);

    private static readonly SearchValues<char> Token68 =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/");

    /// <summary>token68 of RFC 9110 §11.2, 16 KiB at most.</summary>
    public static bool IsOne(string text)
    {
        var body = text.AsSpan().TrimEnd('=');
        return body.Length > 0 && text.Length <= 16 * 1024 && !body.ContainsAnyExcept(Token68);
    }

    /// <summary>
    /// <c>expires_in</c>, else what the token says itself (ACR sends no <c>expires_in</c>), else 60 seconds: between one minute and an
    /// hour, a tenth of it kept back for clocks that differ.
    /// </summary>
    public static TimeSpan LifeOf(TokenReply reply, DateTimeOffset now)
    {
        var seconds = reply.ExpiresIn ?? (ExpiryOf(reply.Bearer()!) is { } expires ? (expires - now).TotalSeconds : MinLife.TotalSeconds);
        var life = TimeSpan.FromSeconds(Math.Clamp(seconds, MinLife.TotalSeconds, MaxLife.TotalSeconds));
        return life - (life / 10);
    }

    /// <summary>The <c>exp</c> of a JWT, unverified; <c>null</c> when the text is none or says nothing.</summary>
    public static DateTimeOffset? ExpiryOf(string text)
    {
        try
        {
            return new JsonWebToken(text).ValidTo is { Ticks: > 0 } until
                ? new DateTimeOffset(DateTime.SpecifyKind(until, DateTimeKind.Utc)) : null;
        }
        catch (Exception)
        {
            // Somebody else's text, and the library throws what it meets in it.
            return null;
        }
    }
}
