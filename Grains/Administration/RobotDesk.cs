using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>/admin/robots</c> of this tenant. Who makes a robot, or gets a secret of one, may all that it may: nobody gets more by it than rules
/// give.
/// </summary>
internal sealed class RobotDesk(
    IGrainFactory grains, IConfigurationFeed configuration, RevocationBudgets revocations, TimeProvider time)
{
    private const string Revoked = "robot-revoke";

    private const string SecretEnded = "robot-secret-end";

    private static readonly AdministrationReply Nobody =
        AdministrationAnswer.Error(404, "there is no robot, or secret of one, of this name");

    private static readonly AdministrationReply TooMany = AdministrationAnswer.Error(
        429, "too many changes of this tenant's robots; wait a second");

    private const string Body =
        "the body must be {\"name\", \"repositories\": [\"apps/**\"], \"actions\": [\"pull\"], \"expires\": \"90d\"}, of this tenant";

    public async ValueTask<AdministrationReply> List(AdministrationCall call) => call.Fields() is null
        ? AdministrationAnswer.Unreadable("the robots here are those of this tenant")
        : AdministrationAnswer.Good(
            [.. (await Robots(call).List()).Select(robot => RobotView.Of(robot))], AdministrationJson.Default.RobotViewArray);

    public async ValueTask<AdministrationReply> Create(AdministrationCall call)
    {
        var request = call.Read(AdministrationJson.Default.RobotRequest);
        if (request?.Name is null || !call.IsOwn(request.Tenant) || call.Fields() is null)
        {
            return AdministrationAnswer.Unreadable(Body);
        }

        if (!request.TryRead(time.GetUtcNow(), call.By.ToString(), out var order, out var problem))
        {
            return AdministrationAnswer.Unreadable(problem);
        }

        return !revocations.TryChargeChange(call.Tenant) ? TooMany
            : Excess(call, order.Name, order.Repositories, order.Actions) is { } excess ? AdministrationAnswer.Error(403, excess)
            : Reply("robot-create", request.Name, await Robots(call).Create(order), 201);
    }

    public async ValueTask<AdministrationReply> Rotate(AdministrationCall call, string name)
    {
        var request = call.Read(AdministrationJson.Default.RobotRotation, new RobotRotation(null, null, null));
        var expires = RobotExpiry.Read(request?.Expires, time.GetUtcNow());
        if (request is null || !call.IsOwn(request.Tenant) || call.Fields() is null || (request.Name ?? name) != name
            || (request.Expires is not null && expires is null))
        {
            return AdministrationAnswer.Unreadable("the body may say when the robot ends from now on: {\"expires\": \"90d\"}");
        }

        if (!revocations.TryChargeChange(call.Tenant))
        {
            return TooMany;
        }

        var robot = (await Robots(call).List()).FirstOrDefault(robot => robot.Name == name);
        return robot is not null && Excess(call, name, robot.Repositories, robot.Actions) is { } excess
            ? AdministrationAnswer.Error(403, excess)
            : Reply("robot-rotate", name, await Robots(call).Rotate(name, expires));
    }

    public async ValueTask<AdministrationReply> EndSecret(AdministrationCall call, string name, string secret) =>
        !RobotName.IsGood(name) || !IsId(secret) ? Nobody
            : !revocations.TryCharge(call.Tenant) ? TooMany
            : Reply(SecretEnded, name, await Robots(call).EndSecret(name, secret), secret: secret);

    public async ValueTask<AdministrationReply> Revoke(AdministrationCall call, string name) =>
        !RobotName.IsGood(name) ? Nobody
        : !revocations.TryCharge(call.Tenant) ? TooMany
        : Reply(Revoked, name, await Robots(call).Revoke(name));

    /// <summary>Whether a secret may be called so: no other text goes further.</summary>
    private static bool IsId(string text) => text.Length is > 0 and <= RobotName.MaxLength && text.All(char.IsAsciiHexDigitLower);

    private string? Excess(
        AdministrationCall call, string name, IReadOnlyList<RepositoryPattern> repositories, RepositoryActions actions) =>
        configuration.Current.Configuration.Tenants.TryGetValue(call.Tenant, out var tenant)
            ? RobotBound.Refuse(tenant, name, repositories, actions, call.By.Rules) : "this tenant is not there any more";

    private IRobotsGrain Robots(AdministrationCall call) => grains.GetGrain<IRobotsGrain>(call.Tenant);

    private static AdministrationReply Reply(string change, string robot, RobotReply reply, int done = 200, string? secret = null)
    {
        var ends = change is Revoked or SecretEnded;
        if (reply is not { Outcome: RobotOutcome.Done, Robot: { } known })
        {
            // An attempt before may have ended it without an answer.
            return AdministrationAnswer.Error(
                reply.Outcome switch { RobotOutcome.Unknown => 404, RobotOutcome.Conflict => 409, _ => 400 }, reply.Message) with
            {
                Change = ends && reply.Outcome == RobotOutcome.Unknown
                    ? new AdministrationEvent(
                        change, RobotView.UserOf(robot), AuthenticatorConfiguration.Robot, secret, Reason: "it was not there any more")
                    : null,
            };
        }

        return AdministrationAnswer.Good(RobotView.Of(known, reply.Secret), AdministrationJson.Default.RobotView, done) with
        {
            Change = new AdministrationEvent(
                change, RobotView.UserOf(robot), AuthenticatorConfiguration.Robot,
                secret ?? (reply.Secret is null ? null : known.Secrets[0].Id), string.Join(',', known.Actions.Names()),
                string.Join(' ', known.Repositories.Select(pattern => pattern.Value)), ends ? null : $"it ends at {known.Expires:u}"),
        };
    }
}
