using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>/admin/robots</c> of this tenant. Who makes a robot, or gets a secret of one, may all that it may: nobody gets more by it than rules
/// give.
/// </summary>
internal sealed class RobotDesk(IGrainFactory grains, TimeProvider time)
{
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

        return RobotBound.Refuse(order.Repositories, order.Actions, call.By.Rules) is { } excess
            ? AdministrationAnswer.Error(403, excess)
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

        var robot = (await Robots(call).List()).FirstOrDefault(robot => robot.Name == name);
        return robot is not null && RobotBound.Refuse(robot.Repositories, robot.Actions, call.By.Rules) is { } excess
            ? AdministrationAnswer.Error(403, excess)
            : Reply("robot-rotate", name, await Robots(call).Rotate(name, expires));
    }

    public async ValueTask<AdministrationReply> EndSecret(AdministrationCall call, string name, string secret) =>
        Reply("robot-secret-end", name, await Robots(call).EndSecret(name, secret), secret: secret);

    public async ValueTask<AdministrationReply> Revoke(AdministrationCall call, string name) =>
        Reply("robot-revoke", name, await Robots(call).Revoke(name));

    private IRobotsGrain Robots(AdministrationCall call) => grains.GetGrain<IRobotsGrain>(call.Tenant);

    private static AdministrationReply Reply(string change, string robot, RobotReply reply, int done = 200, string? secret = null)
    {
        if (reply is not { Outcome: RobotOutcome.Done, Robot: { } known })
        {
            return AdministrationAnswer.Error(
                reply.Outcome switch { RobotOutcome.Unknown => 404, RobotOutcome.Conflict => 409, _ => 400 }, reply.Message);
        }

        return AdministrationAnswer.Good(RobotView.Of(known, reply.Secret), AdministrationJson.Default.RobotView, done) with
        {
            Change = new AdministrationEvent(
                change, RobotView.UserOf(robot), AuthenticatorConfiguration.Robot,
                secret ?? (reply.Secret is null ? null : known.Secrets[0].Id), string.Join(',', known.Actions.Names()),
                string.Join(' ', known.Repositories.Select(pattern => pattern.Value)), $"it ends at {known.Expires:u}"),
        };
    }
}
