/* Calls of a Lua function by the host with three arguments and a result, per call: the row host_call for the engines in C.
   run.py builds it against each of them. A protected call, as the host of a script makes it. */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **arguments) {
    int calls = count > 1 ? atoi(arguments[1]) : 3000000;
    lua_State *state = luaL_newstate();
    double sum = 0;
    luaL_openlibs(state);
    if (luaL_dostring(state, "if jit then jit.off() end return function(a, b, c) return a + b + c end"))
        return 1;
    clock_t started = clock();
    for (int i = 0; i < calls; i++) {
        lua_pushvalue(state, -1);
        lua_pushnumber(state, 1);
        lua_pushnumber(state, 2);
        lua_pushnumber(state, i);
        if (lua_pcall(state, 3, 1, 0))
            return 1;
        sum += lua_tonumber(state, -1);
        lua_pop(state, 1);
    }
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    if (sum <= 0)
        return 1;
    printf("%.2f\n", seconds / calls * 1e9);
    return 0;
}
