using System.Threading.RateLimiting;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Throttling;

namespace RegistryProxy.Grains.Sessions.Login;

/// <summary>Starts logins of devices, so many for each address.</summary>
internal sealed class DeviceLogins(IGrainFactory grains) : IDisposable
{
    /// <summary>Between two polls.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How much too early a poll may come.</summary>
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(1);

    private const int Burst = 20;

    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(6);

    private readonly PartitionedRateLimiter<string> _starts = PartitionedRateLimiter.Create<string, string>(address => RateLimitPartition.GetTokenBucketLimiter(
        AddressKey.Of(address), _ => new TokenBucketRateLimiterOptions { TokenLimit = Burst, TokensPerPeriod = 1, ReplenishmentPeriod = Refill }));

    public async ValueTask<DeviceLoginStart?> Begin(string tenant, string clientAddress)
    {
        using var lease = _starts.AttemptAcquire(clientAddress);
        if (!lease.IsAcquired)
        {
            return null;
        }

        while (true)
        {
            var code = DeviceCode.New();
            if (await grains.GetGrain<IDeviceLoginGrain>(DeviceCode.KeyOf(tenant, code.UserCode)).Begin(code.Hash(), clientAddress))
            {
                return new DeviceLoginStart(code.Text, code.UserCode, (int)LoginFlow.Life.TotalSeconds, (int)Interval.TotalSeconds);
            }
        }
    }

    /// <summary>The error of a device that has no identity yet.</summary>
    public static LoginResult Refused(DeviceOutcome outcome) => outcome switch
    {
        DeviceOutcome.Pending => Refused("authorization_pending", "nobody has logged in for this device yet"),
        DeviceOutcome.TooFast => Refused("slow_down", "poll less often, every 5 seconds"),
        _ => Refused("expired_token", "this device code is unknown, used or over; start again at /login/device"),
    };

    public void Dispose() => _starts.Dispose();

    private static LoginResult Refused(string error, string message) =>
        new() { Status = LoginStatus.BadRequest, Message = message, DeviceError = error };
}
