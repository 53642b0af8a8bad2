using System.CommandLine;
using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary><c>check</c>: reads a configuration file, prints every error, exits 1 if there is any.</summary>
internal static class CheckCommand
{
    public static Command Create(Option<string?> config)
    {
        var check = new Command("check", "Checks a configuration file and prints every error with its line");
        var online = new Option<bool>("--online") { Description = "Also asks each upstream whether it answers" };
        check.Options.Add(online);
        check.SetAction(async (arguments, cancellation) =>
        {
            if (arguments.GetValue(config) is not { Length: > 0 } path)
            {
                Console.Error.WriteLine("check needs --config FILE");
                return 1;
            }

            var result = ConfigurationFile.Read(path);
            foreach (var error in result.Errors)
            {
                Console.Error.WriteLine(error);
            }

            if (result.Snapshot is not { } snapshot)
            {
                Console.Error.WriteLine($"{result.Errors.Count} error(s) in {path}");
                return 1;
            }

            var configuration = snapshot.Configuration;
            Console.WriteLine(
                $"{path} is good: version {snapshot.Version}, {configuration.Tenants.Count} tenant(s), {configuration.Upstreams.Count} upstream(s), {configuration.Authenticators.Count} authenticator(s)");
            return !arguments.GetValue(online) || await OnlineCheck.Run(configuration, cancellation) ? 0 : 1;
        });
        return check;
    }
}
