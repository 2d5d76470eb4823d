// Tells how the structures of Ras.cs lie in memory.
using System;
using System.Reflection;
using System.Runtime.InteropServices;

static class Layouts
{
    static void Main()
    {
        foreach (var name in new[] { "RASDIALPARAMS", "RASCONN", "RASCONNSTATUS" })
        {
            var type = typeof(Ras).GetNestedType(name, BindingFlags.NonPublic);
            Console.WriteLine("{0} (sizeof) {1}", name, Marshal.SizeOf(type));
            foreach (var field in type.GetFields())
                Console.WriteLine("{0} {1} {2}", name, field.Name, Marshal.OffsetOf(type, field.Name));
        }
    }
}
