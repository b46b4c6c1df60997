// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title RotaMath
/// @notice Whom the rota names: a pure function that every client can recompute.
library RotaMath {
    /// @notice Most members a crew can have, and shifts in one availability word.
    uint256 internal constant LANES = 16;

    /// @notice Where the search starts for an order: different for each order, and moving on with each shift.
    function start(
        uint32 device,
        uint8 kind,
        uint16 number,
        uint8 round,
        uint256 shift,
        uint256 size
    ) internal pure returns (uint256) {
        if (size == 0) return 0;
        uint256 hash = uint256(keccak256(abi.encode(device, kind, number, round)));
        return ((hash % size) + (shift % size)) % size;
    }

    /// @notice The available member with the least open load, the first of equals in crew order from `first` on.
    /// @param available Bit i: member i is available.
    /// @param loads Open orders of member i in byte i.
    /// @param size Number of seats, at most LANES.
    function pick(
        uint256 available,
        uint256 loads,
        uint256 size,
        uint256 first
    ) internal pure returns (bool found, uint8 seat) {
        uint256 least = type(uint256).max;
        for (uint256 i = 0; i < size; ++i) {
            uint256 candidate = (first + i) % size;
            if ((available >> candidate) & 1 == 0) continue;
            uint256 load = (loads >> (candidate * 8)) & 0xff;
            if (load < least) {
                least = load;
                seat = uint8(candidate);
                found = true;
            }
        }
    }
}
