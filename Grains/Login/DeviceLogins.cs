using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// Starts logins of devices and finds them again: so many for each address and in all. User codes are short, so each one that is nobody's
/// is charged to who typed it (RFC 8628 §5.1); device codes carry the cluster's seal.
/// </summary>
internal sealed class DeviceLogins(
    IGrainFactory grains, RoutingSeal seal, UnprovedTokens unproved, EndedTokens ended, GoodAddresses good, TimeProvider time)
{
    /// <summary>Between two polls.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How much too early a poll may come.</summary>
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(1);

    /// <summary>Logins that a silo starts at once; as many again in the ten minutes that one waits.</summary>
    private const int MaxStarts = 1000;

    private readonly CallerBudgets _starts = new(20, TimeSpan.FromSeconds(6), MaxStarts, LoginFlow.Life / MaxStarts, good, time);
    private readonly CallerBudgets _guesses = new(10, TimeSpan.FromSeconds(6), 1000, TimeSpan.FromSeconds(0.1), good, time);

    /// <summary>Starts a login; <c>null</c> when there are too many.</summary>
    public async ValueTask<DeviceLoginStart?> Begin(string tenant, string clientAddress, bool administers)
    {
        if (_starts.TryCharge(tenant, clientAddress) is null)
        {
            return null;
        }

        while (true)
        {
            var code = DeviceCode.New(administers);
            var key = DeviceCode.KeyOf(tenant, code.UserCode);
            if (await grains.GetGrain<IDeviceLoginGrain>(key).Begin(code.Hash(), clientAddress))
            {
                var text = (code with { Seal = await seal.Write(DeviceCode.SealKind, key) }).Text;
                return new DeviceLoginStart(text, code.UserCode, (int)LoginFlow.Life.TotalSeconds, (int)Interval.TotalSeconds);
            }
        }
    }

    /// <summary>Looks for the device with a user code.</summary>
    public async ValueTask<DeviceSearch> Search(string tenant, string userCode, string clientAddress) =>
        await Guess(tenant, userCode, clientAddress, device => device.Describe(), address => address is not null) is { } answer
            ? new DeviceSearch(answer.Result, false)
            : new DeviceSearch(null, true);

    /// <summary>
    /// Somebody logged in for the device with a user code; <c>null</c> when there were too many guesses, <c>false</c> when nothing waits.
    /// </summary>
    public async ValueTask<bool?> Approve(string tenant, string userCode, string clientAddress, VerifiedIdentity identity) =>
        (await Guess(tenant, userCode, clientAddress, device => device.Approve(identity), approved => approved))?.Result;

    /// <summary>What a device gets to know; <c>null</c> when too many came without a seal, or after their end.</summary>
    public async ValueTask<DeviceAnswer?> Poll(string tenant, DeviceCode code, string clientAddress, CancellationToken cancellation)
    {
        var key = DeviceCode.KeyOf(tenant, code.UserCode);
        var proved = await seal.IsGood(code.Seal, DeviceCode.SealKind, key, cancellation);
        var charge = proved ? null : unproved.TryCharge(tenant, clientAddress);
        if (proved ? ended.AreTooMany(key, code.UserCode, clientAddress) : charge is null)
        {
            return null;
        }

        var answer = await grains.GetGrain<IDeviceLoginGrain>(key).Poll(code.Hash());
        if (answer.Outcome != DeviceOutcome.Expired)
        {
            charge?.Forgive();
        }
        else if (proved)
        {
            ended.Charge(key, code.UserCode, clientAddress);
        }

        return answer;
    }

    /// <summary>The device has what it waited for, or never gets it. Until that is said it gets its identity again.</summary>
    public async ValueTask End(string tenant, DeviceCode code) =>
        await grains.GetGrain<IDeviceLoginGrain>(DeviceCode.KeyOf(tenant, code.UserCode)).End(code.Hash());

    /// <summary>The error of a device that has no identity yet.</summary>
    public static LoginResult Refused(DeviceOutcome outcome) => outcome switch
    {
        DeviceOutcome.Pending => Refused("authorization_pending", "nobody has logged in for this device yet"),
        DeviceOutcome.TooFast => Refused("slow_down", "poll less often, every 5 seconds"),
        _ => Refused("expired_token", "this device code is unknown, used or over; start again at /login/device"),
    };

    /// <summary>Asks the grain of a user code; one that is nobody's is charged.</summary>
    private async ValueTask<Answer<T>?> Guess<T>(
        string tenant, string userCode, string clientAddress, Func<IDeviceLoginGrain, ValueTask<T>> ask, Func<T, bool> isSomebodys)
    {
        if (!DeviceCode.IsUserCode(userCode))
        {
            return new Answer<T>(default!);
        }

        if (_guesses.TryCharge(tenant, clientAddress) is not { } charge)
        {
            return null;
        }

        var result = await ask(grains.GetGrain<IDeviceLoginGrain>(DeviceCode.KeyOf(tenant, userCode)));
        if (isSomebodys(result))
        {
            charge.Forgive();
        }

        return new Answer<T>(result);
    }

    private static LoginResult Refused(string error, string message) =>
        new() { Status = LoginStatus.BadRequest, Message = message, DeviceError = error };

    private sealed record Answer<T>(T Result);
}
