using System.Text.Json;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>A person logs in with a browser somewhere (RFC 8628); the address and code are written to the terminal.</summary>
internal sealed class DeviceIdentity(TimeProvider time) : IIdentity
{
    /// <summary>As long as a code counts.</summary>
    public TimeSpan Patience => TimeSpan.FromMinutes(15);

    public async Task<DoorCredential> LogIn(DoorClient door, CancellationToken cancellation)
    {
        if (Console.IsErrorRedirected)
        {
            throw new DoorException(DoorFailure.NoProof, $"a person must log in at {door.Authority} and there is no terminal; run `docker-credential-registryproxy login {door.Authority}` in one");
        }

        return await Ask(door, Console.Error, cancellation);
    }

    /// <summary>Shows the code and waits until the person has logged in.</summary>
    public async Task<DoorCredential> Ask(DoorClient door, TextWriter terminal, CancellationToken cancellation)
    {
        using var start = JsonDocument.Parse(await door.PostForm("/login/device", [], cancellation));
        var device = start.RootElement;
        var interval = TimeSpan.FromSeconds(device.TryGetProperty("interval", out var seconds) ? seconds.GetInt32() : 5);
        var end = time.GetUtcNow() + TimeSpan.FromSeconds(device.GetProperty("expires_in").GetInt32());
        await terminal.WriteLineAsync($"To log in at {door.Authority}, open {device.GetProperty("verification_uri").GetString()} and type {device.GetProperty("user_code").GetString()}");
        while (time.GetUtcNow() < end)
        {
            await Task.Delay(interval, time, cancellation);
            try
            {
                return await Redeem(door, device.GetProperty("device_code").GetString() ?? "", cancellation);
            }
            catch (DoorException pending) when (pending.Code is "authorization_pending" or "slow_down")
            {
                interval += pending.Code == "slow_down" ? TimeSpan.FromSeconds(5) : TimeSpan.Zero;
            }
        }

        throw new DoorException(DoorFailure.Refused, "nobody logged in before the code expired");
    }

    private static async Task<DoorCredential> Redeem(DoorClient door, string code, CancellationToken cancellation)
    {
        var reply = await door.Post(
            "/token", [new("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), new("device_code", code)], cancellation);
        return reply.RefreshToken is { Length: > 0 } session
            ? door.Session(session, reply)
            : throw new DoorException(DoorFailure.Refused, $"{door.Authority} ended the login without a session");
    }
}
