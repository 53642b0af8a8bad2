using System.Text.Json;
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

    private const string Body =
        "the body must be {\"name\", \"repositories\": [\"apps/**\"], \"actions\": [\"pull\"], \"expires\": \"90d\"}";

    public async Task List(HttpContext context)
    {
        if (await TenantOf(context, null) is { } tenant)
        {
            var list = await robots.Ask(tenant, (grain, pass) => grain.List(pass, context.RequestAborted));
            await AdminReply.Json(context, [.. list.Select(robot => RobotView.Of(robot))], AdminJson.Default.RobotViewArray);
        }
    }

    public async Task Create(HttpContext context)
    {
        var request = await Read(context, AdminJson.Default.RobotRequest);
        if (request?.Name is null)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, Body);
            return;
        }

        if (await TenantOf(context, request.Tenant) is not { } tenant)
        {
            return;
        }

        if (!request.TryRead(time.GetUtcNow(), out var order, out var problem))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        var reply = await robots.Ask(tenant, (grain, pass) => grain.Create(pass, order, context.RequestAborted));
        await Answer(context, tenant, "robot-create", request.Name, reply, StatusCodes.Status201Created);
    }

    public async Task Rotate(HttpContext context)
    {
        var request = context.Request.ContentLength is null or 0 ? new RobotRotation(null, null, null)
            : await Read(context, AdminJson.Default.RobotRotation);
        var name = NameOf(context) ?? request?.Name;
        var expires = RobotExpiry.Read(request?.Expires, time.GetUtcNow());
        if (request is null || name is null || (request.Expires is not null && expires is null))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest,
                "name the robot in the path or as {\"name\"}; the body may say when it ends from now on, {\"expires\": \"90d\"}");
            return;
        }

        if (await TenantOf(context, request.Tenant) is { } tenant)
        {
            var reply = await robots.Ask(tenant, (grain, pass) => grain.Rotate(pass, name, expires, context.RequestAborted));
            await Answer(context, tenant, "robot-rotate", name, reply);
        }
    }

    public async Task EndSecret(HttpContext context)
    {
        if (await TenantOf(context, null) is { } tenant)
        {
            var (name, secret) = (NameOf(context)!, (string)context.Request.RouteValues["secret"]!);
            var reply = await robots.Ask(tenant, (grain, pass) => grain.EndSecret(pass, name, secret, context.RequestAborted));
            await Answer(context, tenant, "robot-secret-end", name, reply, reference: secret);
        }
    }

    public async Task Revoke(HttpContext context)
    {
        if (NameOf(context) is not { } name)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, "name the robot: DELETE /admin/robots/NAME?tenant=T");
            return;
        }

        if (await TenantOf(context, null) is { } tenant)
        {
            var reply = await robots.Ask(tenant, (grain, pass) => grain.Revoke(pass, name, context.RequestAborted));
            await Answer(context, tenant, Revoked, name, reply);
        }
    }

    private async Task Answer(
        HttpContext context, string tenant, string what, string name, RobotReply reply, int done = StatusCodes.Status200OK,
        string? reference = null)
    {
        if (reply is not { Outcome: RobotOutcome.Done, Robot: { } robot })
        {
            await AdminReply.Error(context, reply.Outcome switch
            {
                RobotOutcome.Unknown => StatusCodes.Status404NotFound,
                RobotOutcome.Conflict => StatusCodes.Status409Conflict,
                _ => StatusCodes.Status400BadRequest,
            }, reply.Message);
            return;
        }

        audit.Write(new AuditEvent
        {
            Time = time.GetUtcNow(),
            Event = what,
            Tenant = tenant,
            Authenticator = AuthenticatorConfiguration.Robot,
            Subject = RobotView.UserOf(name),
            Client = addresses.Of(context)?.ToString(),
            Action = string.Join(',', robot.Actions.Names()),
            Repository = string.Join(' ', robot.Repositories.Select(pattern => pattern.Value)),
            Reference = reference ?? (reply.Secret is null ? null : robot.Secrets[0].Id),
            Reason = what == Revoked ? null : $"it ends at {robot.Expires:u}",
        });
        context.Response.StatusCode = done;
        await AdminReply.Json(context, RobotView.Of(robot, reply.Secret), AdminJson.Default.RobotView);
    }

    /// <summary>The tenant of the request; <c>null</c>, after an answer, when there is none of that name.</summary>
    private async ValueTask<string?> TenantOf(HttpContext context, string? named)
    {
        var tenant = context.Request.Query["tenant"].ToString() is { Length: > 0 } text ? text : named ?? "";
        return await AdminReply.IsUnknown(context, configuration, tenant) ? null : tenant;
    }

    private static string? NameOf(HttpContext context) => context.Request.RouteValues["name"] as string
        ?? (context.Request.Query["name"].ToString() is { Length: > 0 } name ? name : null);

    private static async ValueTask<T?> Read<T>(HttpContext context, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
