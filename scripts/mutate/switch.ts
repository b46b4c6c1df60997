// How a contract learns which mutant is on.

/** Not a mutant: every switch that is passed reports itself. */
export const RECORD = 0xffffffff;

/** Its balance is the number of the mutant; set between two calls without mining a block. */
export const SWITCH = "0x5075626c69634d7574616e745377697463680000";

const MINER = 0x5075626c6963n << 64n;

/** In Solidity tests, where every test has a world of its own: who mined the block. */
export const minerOf = (id: number): string => `0x${(MINER + BigInt(id)).toString(16).padStart(40, "0")}`;

/** The library behind every switch; it reports on the channel on which Hardhat's own coverage listens. */
export const LIBRARY_SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

library Mutants {
    function _on(uint256 id) private view returns (bool) {
        uint256 active;
        assembly ("memory-safe") {
            active := balance(${SWITCH})
            if iszero(active) { active := sub(coinbase(), ${MINER}) }
            if eq(active, ${RECORD}) {
                let pointer := mload(0x40)
                mstore(pointer, id)
                pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, pointer, 32, 0, 0))
            }
        }
        return active == id;
    }

    function _pure(function(uint256) internal view returns (bool) f)
        private
        pure
        returns (function(uint256) internal pure returns (bool) g)
    {
        assembly {
            g := f
        }
    }

    function on(uint256 id) internal pure returns (bool) {
        return _pure(_on)(id);
    }
}
`;
