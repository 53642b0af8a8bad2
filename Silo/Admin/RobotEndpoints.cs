using RegistryProxy.Silo.Admin.Replies;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>/admin/robots?tenant=T</c>: the machine tokens of a tenant, listed, made, rotated and revoked.</summary>
internal sealed class RobotEndpoints(
    ClientAddress addresses, RobotAdministration robots, IConfigurationFeed configuration, AuditLog audit, TimeProvider time)
{
    private const string Revoked = "robot-revoke";

    private const string Ended = "robot-secret-end";

    private const string Body =
        "the body must be {\"name\", \"repositories\": [\"apps/**\"], \"actions\": [\"pull\"], \"expires\": \"90d\"}";

    private const string Rotation =
        "name the robot in the path or as {\"name\"}; the body may say when it ends from now on, {\"expires\": \"90d\"}";

    private const string NameIt = "the robot's name is missing: DELETE /admin/robots/NAME?tenant=T";

    public async Task List(HttpContext context)
    {
        if (await TenantOf(context, null, isGoneToo: true) is { } tenant)
        {
            var list = await robots.Ask(tenant, (grain, pass) => grain.List(pass, context.RequestAborted));
            await AdminReply.Json(context, [.. list.Select(robot => RobotView.Of(robot))], AdminJson.Default.RobotViewArray);
        }
    }

    public async Task Create(HttpContext context)
    {
        var request = await AdminBody.Read(context, AdminJson.Default.RobotRequest);
        if (request?.Name is null)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, Body);
            return;
        }

        if (await NameOf(context, request.Name, Body) is null || await TenantOf(context, request.Tenant) is not { } tenant)
        {
            return;
        }

        if (!request.TryRead(time.GetUtcNow(), "operator", out var order, out var problem))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        await Change(context, new RobotChange("robot-create", tenant, request.Name, StatusCodes.Status201Created),
            (grain, pass) => grain.Create(pass, order));
    }

    public async Task Rotate(HttpContext context)
    {
        var request = await AdminBody.Read(context, AdminJson.Default.RobotRotation, new RobotRotation(null, null, null));
        var expires = RobotExpiry.Read(request?.Expires, time.GetUtcNow());
        if (request is null || (request.Expires is not null && expires is null))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, Rotation);
            return;
        }

        if (await NameOf(context, request.Name, Rotation) is { } name && await TenantOf(context, request.Tenant) is { } tenant)
        {
            await Change(context, new RobotChange("robot-rotate", tenant, name), (grain, pass) => grain.Rotate(pass, name, expires));
        }
    }

    public async Task EndSecret(HttpContext context)
    {
        if (await NameOf(context, null, NameIt) is { } name && await TenantOf(context, null, isGoneToo: true) is { } tenant)
        {
            var secret = (string)context.Request.RouteValues["secret"]!;
            await Change(context, new RobotChange(Ended, tenant, name, Secret: secret),
                (grain, pass) => grain.EndSecret(pass, name, secret));
        }
    }

    public async Task Revoke(HttpContext context)
    {
        if (await AdminBody.Read(context, AdminJson.Default.RobotTarget, new RobotTarget(null, null)) is not { } request)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, NameIt);
            return;
        }

        if (await NameOf(context, request.Name, NameIt) is { } name
            && await TenantOf(context, request.Tenant, isGoneToo: true) is { } tenant)
        {
            await Change(context, new RobotChange(Revoked, tenant, name), (grain, pass) => grain.Revoke(pass, name));
        }
    }

    /// <summary>Makes a change, which does not end with its request: what was begun is done, and has its line.</summary>
    private async Task Change(HttpContext context, RobotChange change, Func<IRobotRelayGrain, string, ValueTask<RobotReply>> make)
    {
        RobotReply reply;
        try
        {
            reply = await robots.Ask(change.Tenant, make);
        }
        catch (Exception)
        {
            Write(context, change, null, "outcome unknown: the cluster or its state storage did not respond");
            throw;
        }

        await Answer(context, change, reply);
    }

    private async Task Answer(HttpContext context, RobotChange change, RobotReply reply)
    {
        if (reply is { Outcome: RobotOutcome.Done, Robot: { } robot })
        {
            Write(context, change, reply, change.Event == Revoked ? null : $"it ends at {robot.Expires:u}");
            context.Response.StatusCode = change.Done;
            await AdminReply.Json(context, RobotView.Of(robot, reply.Secret), AdminJson.Default.RobotView);
            return;
        }

        if (reply.Outcome == RobotOutcome.Unknown && change.Event is Revoked or Ended)
        {
            // An attempt before may have ended it without an answer.
            Write(context, change, null, "it was not there any more");
        }

        await AdminReply.Error(context, reply.Outcome switch
        {
            RobotOutcome.Unknown => StatusCodes.Status404NotFound,
            RobotOutcome.Conflict => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status400BadRequest,
        }, reply.Message);
    }

    private void Write(HttpContext context, RobotChange change, RobotReply? reply, string? reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = change.Event,
        Tenant = change.Tenant,
        Authenticator = AuthenticatorConfiguration.Robot,
        Subject = RobotView.UserOf(change.Name),
        Client = addresses.Of(context)?.ToString(),
        Action = reply?.Robot is { } robot ? string.Join(',', robot.Actions.Names()) : null,
        Repository = reply?.Robot is { } made ? string.Join(' ', made.Repositories.Select(pattern => pattern.Value)) : null,
        Reference = change.Secret ?? (reply is { Secret: not null, Robot: { } shown } ? shown.Secrets[0].Id : null),
        Reason = reason,
    });

    /// <summary>
    /// The tenant of the request; <c>null</c>, after an answer, when there is none of that name. One that was taken out of the
    /// configuration may have robots yet, which must not be there unseen for whoever gets its name.
    /// </summary>
    private async ValueTask<string?> TenantOf(HttpContext context, string? named, bool isGoneToo = false)
    {
        var said = Said(context.Request.Query["tenant"], named);
        if (said.Count > 1)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, "the request names two tenants; name only one");
            return null;
        }

        var tenant = said.FirstOrDefault("");
        var isGone = isGoneToo && tenant.Length > 0 && !configuration.Current.Configuration.Tenants.ContainsKey(tenant)
            && (await robots.Ask(tenant, (grain, pass) => grain.List(pass, context.RequestAborted))).Count > 0;
        return isGone || !await AdminReply.IsUnknown(context, configuration, tenant) ? tenant : null;
    }

    /// <summary>The robot of the request; <c>null</c>, after an answer, when it names none or two.</summary>
    private static async ValueTask<string?> NameOf(HttpContext context, string? named, string otherwise)
    {
        var said = Said(context.Request.Query["name"], named, context.Request.RouteValues["name"] as string);
        if (said is [var name])
        {
            return name;
        }

        await AdminReply.Error(
            context, StatusCodes.Status400BadRequest, said.Count == 0 ? otherwise : "the request names two robots: name one");
        return null;
    }

    private static List<string> Said(StringValues query, params string?[] others) =>
        [.. query.Concat(others).OfType<string>().Where(text => text.Length > 0).Distinct()];

    /// <summary>A change that an operator wants.</summary>
    /// <param name="Event">What the audit log calls it.</param>
    /// <param name="Tenant">The tenant.</param>
    /// <param name="Name">The robot.</param>
    /// <param name="Done">The status of a good answer.</param>
    /// <param name="Secret">The secret that it is about; <c>null</c> when it is about the robot.</param>
    private sealed record RobotChange(
        string Event, string Tenant, string Name, int Done = StatusCodes.Status200OK, string? Secret = null);
}
